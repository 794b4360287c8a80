import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { HostError } from "../../machine/errors.ts";
import { HybridChannel } from "./hybrid.ts";
import { HybridServer } from "./hybrid-server.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "petri-hybrid-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** OpenVMM's side, as documented: what it does with a connection once its first line is there. */
async function double(path: string, answer: (socket: Socket, line: string) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let said = "";
    socket.on("error", () => {});
    const read = (chunk: Buffer) => {
      said += chunk.toString();
      if (!said.includes("\n")) return;
      socket.off("data", read);
      answer(socket, said);
    };
    socket.on("data", read);
  });
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

async function channelTo(answer: (socket: Socket, line: string) => void) {
  const path = join(folder(), "vsock");
  await double(path, answer);
  const channel = new HybridChannel(path);
  onTestFinished(() => channel.close());
  return { channel, path };
}

test("CONNECT is said at once; what comes behind OK is the stream's, half closes included", async () => {
  const lines: string[] = [];
  const { channel } = await channelTo((socket, line) => {
    lines.push(line);
    // OK, and the guest's first bytes, in pieces that do not keep to lines.
    socket.write("OK 10737");
    setImmediate(() => socket.write("41824\nfirst "));
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    socket.on("end", () => socket.end(`then ${length}`));
  });
  const stream = await channel.connect(5000);
  stream.end(Buffer.alloc(1_000_000));
  expect(await text(stream)).toBe("first then 1000000");
  expect(lines).toEqual(["CONNECT 5000\n"]);
});

test.each<[string, (socket: Socket) => void, object]>([
  [
    "a silent close is a refusal",
    (socket) => socket.end(),
    { code: "ECONNREFUSED", message: expect.stringMatching(/refused: the VMM closed it: nobody in the guest listens/) },
  ],
  ["so is one at once", (socket) => socket.destroy(), { code: "ECONNREFUSED" }],
  [
    "another answer is told",
    (socket) => socket.write("ERR \x1b[2J no\n"),
    { code: "ECONNRESET", message: expect.stringContaining('the VMM answered "ERR \\u001b[2J no", not OK') },
  ],
  [
    "more than 45 bytes without a newline are no answer",
    (socket) => socket.write(`OK ${"1".repeat(60)}`),
    { code: "ECONNRESET", message: expect.stringContaining(`"OK ${"1".repeat(42)}"`) },
  ],
  [
    "no answer is waited for as long as the caller says",
    () => {},
    { code: "ETIMEDOUT", message: expect.stringMatching(/nothing answered on .*vsock within 0\.1 s$/) },
  ],
])("%s", async (_name, answer, error) => {
  const { channel } = await channelTo(answer);
  await expect(channel.connect(5000, { timeoutMs: 100 })).rejects.toMatchObject(error);
});

test("a VMM that is not there is the host's fault, with the path", async () => {
  const path = join(folder(), "vsock");
  const channel = new HybridChannel(path);
  await expect(channel.connect(5000)).rejects.toThrow(
    `the VMM's vsock socket ${path} cannot be reached: connect ENOENT`,
  );
  await expect(channel.connect(5000)).rejects.toBeInstanceOf(HostError);
});

test("the guest's connections come to PATH_PORT; closing leaves no socket behind", async () => {
  const { channel, path } = await channelTo(() => {});
  const listener = await channel.listen(6000);
  await expect(channel.listen(6000)).rejects.toThrow("vsock port 6000 is listened on already");
  const guest = connect(`${path}_6000`);
  guest.end("hello");
  expect(await text(await listener.accept())).toBe("hello");
  const waiting = expect(listener.accept()).rejects.toThrow("the VM was ended");
  await channel.close();
  await waiting;
  expect(existsSync(`${path}_6000`)).toBe(false);
  await expect(channel.connect(5000)).rejects.toThrow("the VM was ended: it has no vsock any more");
});

test("more connections than anybody asks for are closed, not kept", async () => {
  const { channel, path } = await channelTo(() => {});
  await channel.listen(6000);
  const guests = Array.from({ length: 130 }, () => connect(`${path}_6000`));
  for (const guest of guests) guest.on("error", () => {});
  await Promise.any(guests.map((guest) => once(guest, "close")));
  for (const guest of guests) guest.destroy();
});

/** Our own server over a channel, and a client of that protocol: other programs and OpenVMM's client agree. */
async function served() {
  const inner = await channelTo((socket, line) => {
    if (line !== "CONNECT 5000\n") return void socket.destroy();
    socket.write("OK 1\n");
    socket.pipe(socket);
  });
  const path = join(folder(), "outer");
  const server = await HybridServer.open(path, inner.channel);
  onTestFinished(() => server.close());
  return { path, server };
}

test("other programs reach the guest through PATH", async () => {
  const { path } = await served();
  const bytes = Buffer.alloc(3_000_000, "petri");
  const stream = await new HybridChannel(path).connect(5000);
  const back = buffer(stream);
  stream.end(bytes);
  expect((await back).equals(bytes)).toBe(true);
  await expect(new HybridChannel(path).connect(4999)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test.each([
  ["connect 00001388-facb-11e6-bd58-64006a7986d3\n", "OK 1\n"],
  ["CONNECT 99999999999\n", ""],
  ["CONNECT 5000 \n", ""],
  ["GET / HTTP/1.1\r\n", ""],
  ["x".repeat(46), ""],
])("it takes a port's number or GUID and closes on all else: %j", async (line, answer) => {
  const { path } = await served();
  const client = connect({ path, allowHalfOpen: true });
  client.on("error", () => {});
  client.end(line);
  expect(await text(client)).toBe(answer);
});

test("a program that says nothing is not waited for", async () => {
  const { path } = await served();
  const client = connect(path);
  const [[hadError], took] = await Promise.all([once(client, "close"), performance.now()]);
  expect(hadError).toBe(false);
  expect(performance.now() - took).toBeGreaterThan(1_500);
});

test("a path that is in use is the host's fault; what a dead process left is not", async () => {
  const { path } = await served();
  const channel = new HybridChannel(path);
  await expect(HybridServer.open(path, channel)).rejects.toThrow(`vsock.path: ${path} is in use`);
  const file = join(folder(), "file");
  writeFileSync(file, "");
  await expect(HybridServer.open(file, channel)).rejects.toThrow(`vsock.path: ${file} is in use`);
});
