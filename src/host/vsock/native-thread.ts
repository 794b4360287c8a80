import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import {
  clearEvent,
  EAGAIN,
  EINTR,
  errno,
  libc,
  POLLIN,
  POLLOUT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  socketError,
} from "./libc.ts";
import type { FromNative, ToNative } from "./native-messages.ts";
import { PollSet } from "./poll-set.ts";

// Waits for what Node cannot wait for: connections of AF_VSOCK to be made and to come. Made ones go to Node, which
// reads and writes them by itself.

const { wakeFd } = workerData as { wakeFd: number }; // what native.ts starts it with
const post = (message: FromNative) => parentPort?.postMessage(message);
const connecting = new Map<number, number>();
const listening = new Map<number, number>();
const polled = new PollSet();
const peer = Buffer.alloc(16);
const peerLength = Buffer.alloc(4);
let isClosing = false;

function run(): void {
  while (!isClosing) {
    polled.clear();
    polled.add(wakeFd, POLLIN, takeMessages);
    for (const [id, fd] of connecting) polled.add(fd, POLLOUT, () => finishConnect(id, fd));
    for (const [id, fd] of listening) polled.add(fd, POLLIN, () => acceptAll(id, fd));
    polled.wait();
  }
}

function takeMessages(): void {
  clearEvent(wakeFd);
  const port = parentPort;
  if (!port) return;
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    takeMessage(next.message as ToNative); // native.ts posts nothing else
  }
}

function takeMessage(message: ToNative): void {
  switch (message.op) {
    case "connect":
      connecting.set(message.id, message.fd);
      return;
    case "listen":
      listening.set(message.id, message.fd);
      return;
    case "forget":
      return forget(message.id);
    case "close":
      isClosing = true;
  }
}

function forget(id: number): void {
  const fd = connecting.get(id) ?? listening.get(id);
  if (fd !== undefined) libc().close(fd);
  connecting.delete(id);
  listening.delete(id);
}

function finishConnect(id: number, fd: number): void {
  if (!connecting.delete(id)) return;
  const error = socketError(fd);
  post({ is: "connected", id, fd, errno: error });
}

function acceptAll(id: number, fd: number): void {
  while (listening.has(id)) {
    peerLength.writeUInt32LE(peer.length);
    const accepted = libc().accept4(fd, peer, peerLength, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
      if (errno() === EAGAIN || errno() === EINTR) return;
      post({ is: "fault", id, errno: errno() });
      return forget(id);
    }
    // struct sockaddr_vm: family, reserved, port, cid (vsock(7)).
    post({ is: "accepted", id, fd: accepted, cid: peer.readUInt32LE(8) });
  }
}

try {
  run();
} finally {
  for (const id of [...connecting.keys(), ...listening.keys()]) forget(id);
}
