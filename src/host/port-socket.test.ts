import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PortSocket } from "./port-socket.ts";

async function setUp() {
  const dir = mkdtempSync(join(tmpdir(), "petri-port-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, "port0");
  const port = await PortSocket.open(path, "petri.agent");
  onTestFinished(() => port.close());
  return { port, path };
}

test("users come and go while the VMM stays connected; what nobody asked for is not kept", async () => {
  const { port, path } = await setUp();
  expect(() => port.use()).toThrow("the VMM has not connected the port");
  const vmm = connect(path);
  await once(vmm, "connect");
  await expect.poll(() => !existsSync(path)).toBe(true);
  // More than a socket holds: a guest that writes while nobody reads is not held up.
  await new Promise<void>((resolve) => void vmm.write(Buffer.alloc(2_000_000), () => resolve()));
  const first = port.use();
  vmm.write("one");
  // What came before may still be on its way.
  let said = "";
  first.on("data", (chunk: Buffer) => {
    said += chunk.toString().replaceAll("\0", "");
  });
  await expect.poll(() => said).toBe("one");
  first.write("to the guest");
  expect(`${(await once(vmm, "data"))[0]}`).toBe("to the guest");

  const gone = once(first, "error");
  const second = port.use();
  expect((await gone)[0]).toMatchObject({ message: "the port has another user now" });
  vmm.write("two");
  expect(`${(await once(second, "data"))[0]}`).toBe("two");
  expect(said).toBe("one");

  const ended = once(second, "error");
  vmm.destroy();
  expect((await ended)[0]).toMatchObject({ message: "the VMM closed the port" });
  expect(() => port.use()).toThrow("the VMM has not connected the port");
});
