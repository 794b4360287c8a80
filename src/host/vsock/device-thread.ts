import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { HostError } from "../../machine/errors.ts";
import { VsockDevice } from "./device.ts";
import { addDevice, workDevice } from "./device-loop.ts";
import {
  AF_UNIX,
  clearEvent,
  EAGAIN,
  EINTR,
  errno,
  libc,
  must,
  POLLIN,
  receiveWithFds,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  unixAddress,
  unixLength,
} from "./libc.ts";
import { PollSet } from "./poll-set.ts";
import type { DeviceThreadData, FromDevice, ToDevice } from "./thread-messages.ts";
import { messageHeaderBytes, mostPayloadBytes, VhostUser } from "./vhost-user.ts";

// The thread of one VM's vsock device. It blocks in poll(2) instead of turning an event loop: a kick is answered in
// 10 µs, not 60. What the main thread posts is fetched when its eventfd says so.

const { path, cid, forward, wakeFd } = workerData as DeviceThreadData; // what vhost-user.ts starts it with
const post = (message: FromDevice) => parentPort?.postMessage(message);
const device = new VsockDevice(cid, post, connectHost);
const polled = new PollSet();
let listener = -1;
let vmm: { readonly fd: number; readonly protocol: VhostUser; readonly reader: Reader } | undefined;
let isClosing = false;

interface Reader {
  readonly bytes: Buffer;
  filled: number;
  fds: number[];
}

function run(): void {
  listener = listenAt(path);
  post({ is: "listening" });
  let isMore = false;
  while (!isClosing) {
    polled.clear();
    polled.add(wakeFd, POLLIN, takeMessages);
    if (vmm) polled.add(vmm.fd, POLLIN, takeRequests);
    else polled.add(listener, POLLIN, acceptVmm);
    addDevice(polled, device);
    polled.wait(isMore ? 0 : device.expire(performance.now()));
    isMore = workDevice(device);
  }
}

function takeMessages(): void {
  clearEvent(wakeFd);
  const port = parentPort;
  if (!port) return;
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    takeMessage(next.message as ToDevice); // vhost-user.ts posts nothing else
  }
}

function takeMessage(message: ToDevice): void {
  switch (message.op) {
    case "connect":
      return device.connect(message.id, message.port, message.fd);
    case "forget":
      return device.forget(message.id);
    case "listen":
      device.listen(message.port);
      return post({ is: "listens", port: message.port });
    case "unlisten":
      return device.unlisten(message.port);
    case "reset":
      return device.reset(message.why);
    case "close":
      isClosing = true;
      return;
    default:
      throw new Error(`unknown message ${JSON.stringify(message satisfies never)}`);
  }
}

function connectHost(port: number): number {
  if (forward === undefined) return -1;
  const fd = must("socket(2)", libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const where = `${forward}_${port}`;
  if (libc().connect(fd, unixAddress(where), unixLength(where)) === 0) return fd;
  libc().close(fd);
  return -1;
}

function listenAt(where: string): number {
  const fd = must("socket(2)", libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  must(`bind(2) of ${where}`, libc().bind(fd, unixAddress(where), unixLength(where)));
  must("listen(2)", libc().listen(fd, 1));
  return fd;
}

function acceptVmm(): void {
  const fd = libc().accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const reader = { bytes: Buffer.alloc(messageHeaderBytes + mostPayloadBytes), filled: 0, fds: [] };
  vmm = { fd, protocol: new VhostUser(device, cid, fd), reader };
}

// Exactly one message at a time is read, so that its descriptors are not taken for another's.
function takeRequests(): void {
  while (vmm) {
    const { fd, protocol, reader } = vmm;
    const size = reader.filled < messageHeaderBytes ? 0 : reader.bytes.readUInt32LE(8);
    if (size > mostPayloadBytes) throw new HostError(`the VMM sent a vhost-user message of ${size} bytes`);
    const end = messageHeaderBytes + size;
    if (reader.filled === end) {
      const [kind, flags] = [reader.bytes.readUInt32LE(0), reader.bytes.readUInt32LE(4)];
      const body = Buffer.from(reader.bytes.subarray(messageHeaderBytes, end));
      const { fds } = reader;
      reader.filled = 0;
      reader.fds = [];
      protocol.take(kind, flags, body, fds);
      continue;
    }
    const { length, fds } = receiveWithFds(fd, reader.bytes.subarray(reader.filled, end));
    if (length < 0 && (errno() === EAGAIN || errno() === EINTR)) return;
    if (length <= 0) return vmmIsGone();
    reader.filled += length;
    reader.fds.push(...fds);
  }
}

function vmmIsGone(): void {
  if (!vmm) return;
  vmm.protocol.close();
  for (const fd of vmm.reader.fds) libc().close(fd);
  libc().close(vmm.fd);
  vmm = undefined;
  device.reset("the VMM is gone");
}

/** Whoever reads a stream must hear of the fault before its end, which would look like an end in order. */
function failed(error: unknown): void {
  post({ is: "fault", why: error instanceof Error ? error.message : String(error) });
  const until = performance.now() + 5_000;
  while (!isClosing && performance.now() < until) {
    polled.clear();
    polled.add(wakeFd, POLLIN, takeMessages);
    polled.wait(1_000);
  }
}

try {
  run();
} catch (error) {
  failed(error);
} finally {
  vmmIsGone();
  device.closeAll();
  if (listener >= 0) libc().close(listener);
}
