import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openTerminal } from "./terminal.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test("links are not remembered, however many a guest prints on one line", async () => {
  const terminal = await openTerminal({ columns: 80, rows: 25 });
  await terminal.write("warm\r");
  const before = heldBytes();
  for (let link = 0; link < 800; link++) {
    await terminal.write(`\x1b]8;;http://${link}/${"x".repeat(10_000)}\x1b\\here\x1b]8;;\x1b\\\r`);
  }
  expect(heldBytes() - before).toBeLessThan(4_000_000);
  expect(terminal.snapshot().text).toBe("here");
});
