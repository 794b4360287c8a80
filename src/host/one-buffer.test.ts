import { mkdtempSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { readIntoOneBuffer } from "./one-buffer.ts";

/** A connection, read into the buffer: both ends of it, and when its server has nothing left. */
async function connection(onBytes: (bytes: Buffer) => void) {
  const path = join(mkdtempSync(join(tmpdir(), "petri-buffer-")), "s");
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const peer = connect(path);
  const reader = readIntoOneBuffer(await accepted, onBytes);
  const over = new Promise<void>((resolve) => server.close(() => resolve()));
  return { reader, peer, over };
}

test("what comes is in the same memory each time, on every connection", async () => {
  const seen: [text: string, memory: ArrayBufferLike][] = [];
  const take = (bytes: Buffer) => seen.push([bytes.toString(), bytes.buffer]);
  const [one, two] = [await connection(take), await connection(take)];
  one.peer.write("first");
  await vi.waitFor(() => expect(seen.length).toBe(1));
  two.peer.write("second");
  await vi.waitFor(() => expect(seen.length).toBe(2));
  one.peer.write("third");
  await vi.waitFor(() => expect(seen.length).toBe(3));
  expect(seen.map(([text]) => text)).toEqual(["first", "second", "third"]);
  expect(new Set(seen.map(([, memory]) => memory)).size).toBe(1);
  for (const { reader, peer } of [one, two]) {
    const closed = new Promise((resolve) => reader.on("close", resolve));
    peer.end();
    await closed;
  }
});

test("more than the buffer holds comes in order, to its last byte", async () => {
  const sent = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7919) >> 5));
  const got: Buffer[] = [];
  const { reader, peer } = await connection((bytes) => got.push(Buffer.from(bytes)));
  peer.end(sent);
  await new Promise((resolve) => reader.on("close", resolve));
  expect(Buffer.concat(got).equals(sent)).toBe(true);
});

test("what is written goes to the peer, and the server it came from is over", async () => {
  const { reader, peer, over } = await connection(() => {});
  const got = new Promise<string>((resolve) => peer.once("data", (bytes) => resolve(bytes.toString())));
  reader.write("typed");
  expect(await got).toBe("typed");
  await over;
  peer.destroy();
  await new Promise((resolve) => reader.on("close", resolve));
});

test("a socket that does not give its connection away is read as Node reads it", async () => {
  const stream = new PassThrough();
  const got: string[] = [];
  readIntoOneBuffer(stream as unknown as Socket, (bytes) => got.push(bytes.toString()));
  stream.end("printed");
  await vi.waitFor(() => expect(got).toEqual(["printed"]));
});
