import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { HostError } from "../../machine/errors.ts";
import { compiledModule } from "../compiled.ts";
import { op, willDoNeither, willNotSend } from "./packet.ts";
import { FrontEnd, pair, u64 } from "./test/front-end.ts";
import { request } from "./vhost-user.ts";
import { VhostUserChannel } from "./vhost-user-channel.ts";

async function open(more: { forward?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "petri-vsock-"));
  const notes: string[] = [];
  const faults: HostError[] = [];
  const channel = await VhostUserChannel.open(
    { path: join(folder, "vsock"), cid: 42, ...more },
    { onNote: (note) => notes.push(note), onFault: (fault) => faults.push(fault) },
  );
  const vmm = new FrontEnd(join(folder, "vsock"), 42);
  onTestFinished(async () => {
    vmm.close();
    await channel.close();
    rmSync(folder, { recursive: true });
  });
  return { channel, vmm, notes, faults, folder };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** A stream from the host to port 1000 of the guest, and the port it comes from. */
async function connected({ channel, vmm }: Opened) {
  const connecting = channel.connect(1000);
  const packets = await vmm.until((all) => all.some(({ header }) => header.op === op.request));
  const dstPort = packets.find(({ header }) => header.op === op.request)?.header.srcPort ?? 0;
  vmm.driver.send(vmm.driver.header(op.response, { dstPort }));
  vmm.kick();
  return { stream: await connecting, dstPort };
}

test("QEMU's first questions: features, queues and the guest's CID", async () => {
  const { vmm } = await open();
  expect(vmm.ask(request.getFeatures).readBigUInt64LE(0)).toBe((1n << 32n) | (1n << 30n) | (1n << 28n));
  expect(vmm.ask(request.getProtocolFeatures).readBigUInt64LE(0)).toBe((1n << 9n) | (1n << 3n));
  const config = Buffer.alloc(12 + 8);
  config.writeUInt32LE(8, 4);
  expect(vmm.ask(request.getConfig, config).readBigUInt64LE(12)).toBe(42n);
  expect(vmm.ask(request.getQueueNum).readBigUInt64LE(0)).toBe(2n);
});

test("a message that asks for an acknowledgement gets one", async () => {
  const { vmm } = await open();
  vmm.send(request.setProtocolFeatures, u64(1n << 3n));
  vmm.send(request.setVringNum, pair(0, 16), [], 1 | 8);
  expect(vmm.answer().readBigUInt64LE(0)).toBe(0n);
});

test("bytes go both ways through memory that another process shares", async () => {
  const opened = await open();
  const { vmm } = opened;
  vmm.start();
  const { stream, dstPort } = await connected(opened);
  stream.end("to the guest");
  const packets = await vmm.until((all) => all.some(({ header }) => header.op === op.shutdown));
  expect(Buffer.concat(packets.map(({ payload }) => payload)).toString()).toBe("to the guest");
  vmm.driver.send(vmm.driver.header(op.rw, { dstPort }), Buffer.from("to the host"));
  vmm.driver.send(vmm.driver.header(op.shutdown, { dstPort, flags: willDoNeither }));
  vmm.kick();
  expect(await text(stream)).toBe("to the host");
});

test("the guest connects to a listener; when that is closed it is refused", async () => {
  const { channel, vmm } = await open();
  vmm.start();
  const listener = await channel.listen(5000);
  await expect(channel.listen(5000)).rejects.toThrow("vsock port 5000 is listened on already: close that listener");
  vmm.driver.send(vmm.driver.header(op.request));
  vmm.driver.send(vmm.driver.header(op.rw), Buffer.from("early"));
  vmm.driver.send(vmm.driver.header(op.shutdown, { flags: willNotSend }));
  vmm.kick();
  expect(await text(await listener.accept())).toBe("early");
  await listener.close();
  await expect(listener.accept()).rejects.toThrow("the listener on vsock port 5000 was closed");
  vmm.driver.send(vmm.driver.header(op.request, { srcPort: 1001 }));
  await vmm.until((all) => all.some(({ header }) => header.op === op.rst && header.dstPort === 1001));
});

test("a port of nobody's goes to the Unix socket PATH_PORT, if there is one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "petri-forward-"));
  const server = createServer((socket) => socket.end("from another program"));
  server.listen(join(folder, "hub_7000"));
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { vmm } = await open({ forward: join(folder, "hub") });
  vmm.start();
  vmm.driver.send(vmm.driver.header(op.request, { dstPort: 7000 }));
  vmm.driver.send(vmm.driver.header(op.request, { dstPort: 7001 }));
  const packets = await vmm.until((all) => all.some(({ header }) => header.op === op.shutdown));
  const of = (port: number) => packets.filter(({ header }) => header.srcPort === port);
  expect(of(7000).map(({ header }) => header.op)).toEqual([op.response, op.rw, op.shutdown]);
  expect(of(7000)[1]?.payload.toString()).toBe("from another program");
  expect(of(7001).map(({ header }) => header.op)).toEqual([op.rst]);
});

test("a stream survives a pause, where rings go on as they stood, and no start of another driver", async () => {
  const opened = await open();
  const { vmm } = opened;
  vmm.start();
  const { stream } = await connected(opened);
  vmm.start(vmm.stop());
  stream.write("after the pause");
  const isIt = (all: readonly { payload: Buffer }[]) =>
    all.some(({ payload }) => payload.toString() === "after the pause");
  await vmm.until(isIt);
  vmm.stop();
  vmm.driver.toGuest.reset();
  vmm.driver.fromGuest.reset();
  const ended = once(stream, "error");
  vmm.start();
  expect((await ended)[0]).toMatchObject({
    code: "ECONNRESET",
    message: "vsock port 1000: the connection was reset: the guest started its vsock driver anew",
  });
});

test("a connection waits for a driver that is not there yet, and tells why if none comes", async () => {
  const opened = await open();
  const early = connected(opened);
  opened.vmm.start();
  expect((await early).dstPort).toBeGreaterThan(0);
  await expect(opened.channel.connect(1001, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "ETIMEDOUT",
    message: "vsock port 1001: the connection was not answered: the guest did not answer within 0.05 s",
  });
  opened.vmm.stop();
  await expect(opened.channel.connect(1001, { timeoutMs: 50 })).rejects.toThrow(
    "vsock port 1001: the connection was not answered: the guest's vsock driver did not start within 0.05 s",
  );
  await expect(opened.channel.connect(1001, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
    "enough",
  );
});

test("a slow reader stops the guest by its credit, not by our memory", async () => {
  const opened = await open();
  const { vmm } = opened;
  vmm.start();
  const { stream, dstPort } = await connected(opened);
  const { driver } = vmm;
  let [room, taken, sent] = [0, 0, 0];
  // As a guest does: as much as there is room for, until there has been none for a while.
  for (let idle = 0; idle < 500; idle++) {
    while (driver.giveRoom());
    for (const { header } of driver.receive()) [room, taken] = [header.bufAlloc, header.fwdCnt];
    driver.send(driver.header(op.creditRequest, { dstPort }));
    const size = Math.min(4096, room - (sent - taken));
    if (size > 0 && driver.send(driver.header(op.rw, { dstPort }), Buffer.alloc(size, 1))) {
      sent += size;
      idle = 0;
    }
    vmm.kick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Our buffer, the socket's, and Node's.
  expect(sent).toBeLessThan(1.5 * 2 ** 20);
  expect(sent).toBeGreaterThan(256 * 1024);
  await vmm.until(() => driver.send(driver.header(op.shutdown, { dstPort, flags: willDoNeither })));
  vmm.kick();
  let read = 0;
  for await (const chunk of stream) read += (chunk as Buffer).length;
  expect(read).toBe(sent);
});

test("a guest that breaks the protocol is told as such, and its next driver works", async () => {
  const opened = await open();
  const { vmm, channel, notes, faults } = opened;
  vmm.start();
  const { stream } = await connected(opened);
  const ended = once(stream, "error");
  vmm.driver.fromGuest.offer(999);
  vmm.kick();
  const why = "the guest's vsock driver broke the protocol: descriptor 999 in a transmit ring of 16";
  expect((await ended)[0]).toMatchObject({ message: `vsock port 1000: the connection was reset: ${why}` });
  await expect(channel.connect(1000)).rejects.toThrow(why);
  expect(notes).toEqual([why]);
  vmm.stop();
  vmm.driver.toGuest.reset();
  vmm.driver.fromGuest.reset();
  vmm.start();
  await connected(opened);
  expect(faults).toEqual([]);
});

test("a VMM that is gone ends every stream", async () => {
  const opened = await open();
  opened.vmm.start();
  const { stream } = await connected(opened);
  const ended = once(stream, "error");
  opened.vmm.send(request.setVringErr, u64(0x100n));
  opened.vmm.hangUp();
  expect((await ended)[0]).toMatchObject({ code: "ECONNRESET", message: expect.stringContaining("the VMM is gone") });
});

test.each<[string, (vmm: FrontEnd) => void]>([
  ["the VMM sent vhost-user request 99, which this device has not offered", (vmm) => vmm.send(99)],
  ["the VMM sent a vhost-user message of 5000 bytes", (vmm) => vmm.send(request.setFeatures, Buffer.alloc(5000))],
  ["the VMM sent a vhost-user message of 0 bytes where 8 are needed", (vmm) => vmm.send(request.setVringNum)],
  ["the VMM set a ring of 17 entries", (vmm) => vmm.send(request.setVringNum, pair(0, 17))],
  ["the VMM named ring 2 of a vsock device, which has 0 and 1", (vmm) => vmm.send(request.setVringNum, pair(2, 16))],
  ["the VMM sent 0 descriptors for 1 pieces of memory", (vmm) => vmm.send(request.setMemTable, pair(1, 0))],
  ["the VMM's memory file is smaller than its memory table says", (vmm) => vmm.shareMemory(vmm.ram.size + 4096)],
])("%s: a fault of the VMM ends the device with a HostError", async (why, send) => {
  const opened = await open();
  const { channel, vmm, faults } = opened;
  vmm.start();
  const { stream } = await connected(opened);
  const listener = await channel.listen(5000);
  const accepting = expect(listener.accept()).rejects.toThrow(HostError);
  const ended = once(stream, "error");
  send(vmm);
  expect((await ended)[0]).toBeInstanceOf(HostError);
  await accepting;
  expect(faults.map(({ message }) => message)).toEqual([`Petri's vsock device failed: ${why}`]);
  await expect(channel.connect(1000)).rejects.toThrow(why);
});

test("closing leaves no descriptor open", async () => {
  // Threads and their loops keep some once they were used.
  await useOnce();
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 3; round++) await useOnce();
  expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
});

async function useOnce(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "petri-vsock-"));
  const watcher = { onNote: () => {}, onFault: () => {} };
  const channel = await VhostUserChannel.open({ path: join(folder, "vsock"), cid: 42 }, watcher);
  const vmm = new FrontEnd(join(folder, "vsock"), 42);
  vmm.start();
  const { stream } = await connected({ channel, vmm, notes: [], faults: [], folder });
  const listener = await channel.listen(5000);
  vmm.driver.send(vmm.driver.header(op.request));
  vmm.kick();
  const accepted = await listener.accept();
  await expect(channel.connect(1001, { timeoutMs: 20 })).rejects.toThrow("did not answer");
  const closed = [stream, accepted].map((each) => new Promise((resolve) => each.once("close", resolve)));
  await channel.close();
  await Promise.all(closed);
  vmm.close();
  rmSync(folder, { recursive: true });
}

test.each([
  ["exits with a device open does not wait for its thread", "process.exit(7)", 7],
  ["closes its device last lives until that is done", "await channel.close(); process.exitCode = 7", 7],
])("a process that %s", (_name, end, code) => {
  const module = compiledModule(import.meta.url, "./vhost-user-channel");
  const script = `
    const { VhostUserChannel } = await import(${JSON.stringify(module)});
    const watcher = { onNote() {}, onFault() {} };
    const channel = await VhostUserChannel.open({ path: process.argv[1], cid: 42 }, watcher);
    ${end};`;
  const path = join(mkdtempSync(join(tmpdir(), "petri-vsock-")), "vsock");
  onTestFinished(() => rmSync(dirname(path), { recursive: true }));
  const { status, signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, path], {
    timeout: 20_000,
    encoding: "utf8",
  });
  expect({ status, signal, stderr }).toEqual({ status: code, signal: null, stderr: "" });
});
