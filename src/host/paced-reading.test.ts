import { mkdtempSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readIntoOneBuffer } from "./one-buffer.ts";
import { PacedReading } from "./paced-reading.ts";

/** A connection that is read so, what came of it, and its other end. */
async function pair() {
  const path = join(mkdtempSync(join(tmpdir(), "petri-paced-")), "s");
  const receiving = new Promise<Socket>((resolve) => {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      server.close();
      resolve(socket);
    }).listen(path);
  });
  const sender = connect(path);
  const accepted = await receiving;
  const pieces: string[] = [];
  const reading = new PacedReading(
    (take) => readIntoOneBuffer(accepted, take),
    (bytes) => void pieces.push(bytes.toString()),
  );
  onTestFinished(() => {
    sender.destroy();
    reading.socket.destroy();
  });
  return { sender, reading, pieces };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The reader gets its turn, too: what is awaited is in its kernel at once, and would gather there. */
async function put(sender: Socket, text: string): Promise<void> {
  await new Promise<void>((resolve) => sender.write(text, () => resolve()));
  await turn();
}

test("a long stream of single bytes is gathered, and comes whole and in order", async () => {
  const { sender, reading, pieces } = await pair();
  const over = new Promise((resolve) => reading.socket.on("close", resolve));
  const sent = Array.from({ length: 3000 }, (_, index) => String(index % 10)).join("");
  for (const byte of sent) await put(sender, byte);
  sender.end();
  await over;
  expect(pieces.join("")).toBe(sent);
  // Read as they came, hardly two would ever be together.
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeGreaterThanOrEqual(8);
});

test("catching up reads what has come within two turns of the event loop", async () => {
  const { sender, reading, pieces } = await pair();
  for (let byte = 1; byte <= 200; byte++) {
    await put(sender, "x");
    if (byte % 50 !== 0) continue;
    reading.catchUp();
    await turn();
    await turn();
    expect(pieces.join("").length).toBe(byte);
  }
});
