import { once } from "node:events";
import { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { adoptSocket } from "./adopt.ts";
import { AF_UNIX, libc, must, SHUT_WR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET } from "./libc.ts";
import { readNow, writeNow } from "./test/bare-device.ts";

/** A pair that Node refuses, as it does AF_VSOCK's. */
function foreignPair(): [number, number] {
  const fds = [-1, -1];
  must("socketpair(2)", libc().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  return [fds[0] ?? -1, fds[1] ?? -1];
}

test("a socket that Node refuses becomes one of its streams: reads, writes, ends and errors", async () => {
  const [fd, other] = foreignPair();
  expect(() => new Socket({ fd })).toThrow("Unsupported fd type: UNKNOWN");
  const socket = adoptSocket(fd);
  writeNow(other, Buffer.from("to us, "));
  writeNow(other, Buffer.from("twice"));
  libc().shutdown(other, SHUT_WR);
  // Not by buffer(): it destroys a stream that it has read to the end.
  const read: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => read.push(chunk));
  await once(socket, "end");
  expect(Buffer.concat(read).toString()).toBe("to us, twice");
  await new Promise<void>((resolve) => socket.write("from us", () => resolve()));
  expect(String(readNow(other))).toBe("from us");
  await new Promise<void>((resolve) => socket.end(resolve));
  expect(readNow(other)).toBe("end");
  libc().close(other);
});

test("what was sent before it was adopted is read", async () => {
  const [fd, other] = foreignPair();
  writeNow(other, Buffer.from("early"));
  libc().close(other);
  expect((await buffer(adoptSocket(fd))).toString()).toBe("early");
});
