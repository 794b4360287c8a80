import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { afterAll } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "petri-hybrid-"));
const path = join(dir, "vsock");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-686" });

/** What comes back of bytes, until that end closes. */
async function roundTrip(socket: Socket, bytes: Buffer): Promise<Buffer> {
  const read: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void read.push(chunk));
  socket.end(bytes);
  await once(socket, "end");
  return Buffer.concat(read);
}

vmTest(
  "a 32-bit guest is driven by vsock, and open to other programs of the host",
  {
    on,
    machine: { vsock: { path } },
  },
  async ({ guest }) => {
    expect((await guest.exec("uname -m")).text).toBe("i686");
    expect(await guest.exec("kill -9 $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    const bytes = randomBytes(1_000_000);
    await guest.upload(bytes, "/tmp/file");
    expect((await guest.exec("cat", { input: bytes })).stdout.equals(bytes)).toBe(true);
    expect((await guest.read("/tmp/file")).equals(bytes)).toBe(true);

    const listener = await guest.spawn(["petri-agent", "vsock-listen", "5000", "--", "cat"]);
    await once(listener.stdout, "data");
    const open = connect({ path, allowHalfOpen: true });
    open.write("CONNECT 5000\n");
    expect(`${(await once(open, "data"))[0]}`).toBe("OK 1\n");
    expect((await roundTrip(open, bytes)).equals(bytes)).toBe(true);
    // Nobody listens there: the end comes without a word.
    const refused = connect({ path, allowHalfOpen: true });
    expect((await roundTrip(refused, Buffer.from("CONNECT 4999\n"))).toString()).toBe("");
    await listener.kill("SIGTERM");
    expect(await listener.wait()).toEqual({ exitCode: null, signal: "SIGTERM" });
  },
);
