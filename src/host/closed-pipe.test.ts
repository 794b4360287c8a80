import { closeSync, constants, mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isPipeClosed, onPipeClosed } from "./closed-pipe.ts";
import { makeFifo } from "./fifo.ts";

function pipe(): { reader: number; writer: number } {
  const path = join(mkdtempSync(join(tmpdir(), "petri-pipe-")), "pipe");
  makeFifo(path);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, "w");
  onTestFinished(() => closeSync(writer));
  return { reader, writer };
}

test("a pipe is closed once its reader has left, and not before", async () => {
  const { reader, writer } = pipe();
  expect(isPipeClosed(writer)).toBe(false);
  const closed = new Promise<void>((resolve) => onPipeClosed(writer, resolve));
  closeSync(reader);
  await closed;
  expect(isPipeClosed(writer)).toBe(true);
});

test("a file is never closed", () => {
  const file = openSync("/dev/null", "w");
  onTestFinished(() => closeSync(file));
  expect(isPipeClosed(file)).toBe(false);
});
