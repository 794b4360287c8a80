import { mkdtempSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PacedReading } from "./paced-reading.ts";

interface Pair {
  readonly sender: Socket;
  readonly receiver: Socket;
}

async function pair(): Promise<Pair> {
  const path = join(mkdtempSync(join(tmpdir(), "petri-paced-")), "s");
  const receiving = new Promise<Socket>((resolve) => {
    const server = createServer({ highWaterMark: 1 }, (socket) => {
      server.close();
      resolve(socket);
    }).listen(path);
  });
  const sender = connect(path);
  const receiver = await receiving;
  onTestFinished(() => {
    sender.destroy();
    receiver.destroy();
  });
  return { sender, receiver };
}

const put = (sender: Socket, text: string) => new Promise<void>((resolve) => sender.write(text, () => resolve()));

test("a long stream of single bytes comes in few pieces, whole and in order", async () => {
  const { sender, receiver } = await pair();
  const pieces: string[] = [];
  new PacedReading(receiver, (bytes) => void pieces.push(bytes.toString()));
  const over = new Promise((resolve) => receiver.on("close", resolve));
  const sent = Array.from({ length: 3000 }, (_, index) => String(index % 10)).join("");
  // Each byte is written by itself, and read before the next is if the reader is quick enough.
  for (const byte of sent) await put(sender, byte);
  sender.end();
  receiver.end();
  await over;
  expect(pieces.join("")).toBe(sent);
  expect(pieces.length).toBeLessThan(sent.length / 4);
});

test("catching up reads what the socket holds within two turns of the event loop", async () => {
  const { sender, receiver } = await pair();
  let got = 0;
  const reading = new PacedReading(receiver, (bytes) => {
    got += bytes.length;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let byte = 1; byte <= 200; byte++) {
    await put(sender, "x");
    if (byte % 50 !== 0) continue;
    reading.catchUp();
    await turn();
    await turn();
    expect(got).toBe(byte);
  }
});
