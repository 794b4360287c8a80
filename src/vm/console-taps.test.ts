import { expect, test } from "vitest";
import { readTrace } from "../trace/reader.ts";
import { setUp } from "./test/scripted-vmm.ts";

const half = "boot\n1..2\nok 1 - a\n";
const whole = `${half}not ok 2 - b\n`;

test("results that failed are a loose end until somebody looks at them", async () => {
  const { vm, print } = setUp();
  await vm.resume();
  print(whole);
  const result = await vm.tap();
  expect(vm.loose()).toEqual(["nobody looked at: com1: 1 result failed: 2 b"]);
  expect(result.text).toBe("1..2\nok 1 - a\nnot ok 2 - b\n");
  expect(vm.loose()).toHaveLength(1);
  expect(result.ok).toBe(false);
  expect(vm.loose()).toEqual([]);
});

test("results that nobody waits for are a loose end", async () => {
  const { vm } = setUp();
  await vm.resume();
  void vm.tap();
  expect(vm.loose()).toEqual(["never awaited: vm.tap() on com1"]);
  await vm.quit();
});

test("one stream is read after the other, from where the last one ended or from an event on", async () => {
  const { vm, print, event } = setUp({ reset: "reset" });
  await vm.resume();
  print(`${whole}ok 3 - after its end\n1..1\nok 1 - `);
  expect((await vm.tap()).failed.map(({ name }) => name)).toEqual(["b"]);
  const second = vm.tap();
  print("c\n");
  expect((await second).points.map(({ name }) => name)).toEqual(["c"]);
  event("reset", half.length + "not ok 2 - b\n".length);
  const reset = await vm.power.next("reset");
  expect((await vm.tap({ after: reset })).points.map(({ name }) => name)).toEqual(["c"]);
});

test("a stream of suites ends with as many as are asked for, or with the line that is named", async () => {
  const { vm, print } = setUp();
  await vm.resume();
  print("    # Subtest: s\n    1..1\n    ok 1 - x\nok 1 - s\n# more\n1..1\nok 1 - a\n  ---\n  k: v\n  ...\n# done\n");
  expect((await vm.tap({ plan: 1 })).points.map(({ name }) => name)).toEqual(["s"]);
  const { points } = await vm.tap({ until: /^# done$/ });
  expect(points[0]?.diagnostics).toEqual(["k: v"]);
});

test("a guest that is reset, a time that is over and a signal end the wait, with what had come", async () => {
  const { vm, print, event } = setUp({ reset: "reset" });
  await vm.resume();
  print(half);
  await expect(vm.tap({ timeout: 20 })).rejects.toThrow(
    /^vm\.tap\(\) on com1: its end did not come within 20 ms\n {2}1 passed so far\nlast lines of com1:/,
  );
  await expect(vm.tap({ timeout: 20 })).rejects.toThrow("vm.tap() on com1: none came within 20 ms");
  await expect(vm.tap({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  print(half);
  const cut = vm.tap();
  event("reset", 2 * half.length);
  await expect(cut).rejects.toThrow(/^the guest was reset, in the middle of vm\.tap\(\) on com1\n {2}1 passed so far/);
  vm.power.allow("reset");
  await vm.quit();
  await expect(vm.tap()).rejects.toThrow("the VM was ended, before it printed any TAP for vm.tap() on com1");
});

test("a stream that cannot be trusted says why, and in the trace and the reports as well", async () => {
  const { vm, print } = setUp();
  await vm.resume();
  print("1..2\nok 1 - a\nok 2 - \x1b[1mb\x1b[0m # TODO later\nBail out! \x1b]0;x\x07no disk\n");
  await expect(vm.tap()).resolves.toMatchObject({ ok: true });
  print("1..2\nok 1 - a\nBail out! no disk\n");
  await expect(vm.tap()).rejects.toThrow(
    "the TAP of com1 cannot be trusted: it bailed out: no disk\n  1 passed before that\nlast lines of it:\n  | 1..2\n  | ok 1 - a\n  | Bail out! no disk",
  );
  expect(vm.taps.records()).toMatchObject([
    { title: "com1", problems: [], points: [{ name: "a" }, { name: "b", outcome: "todo", reason: "later" }] },
    { title: "com1", problems: ["it bailed out: no disk"], points: [{ name: "a" }] },
  ]);
  await vm.quit();
  const told = [];
  for await (const line of (await readTrace(vm.traceDir)).events()) if (line.kind.startsWith("tap")) told.push(line);
  expect(told).toMatchObject([
    { kind: "tap", phase: "begin", id: 0, title: "com1" },
    { kind: "tap-point", stream: 0, depth: 0, number: 1, name: "a", outcome: "passed" },
    { kind: "tap-point", stream: 0, number: 2, name: "b", outcome: "todo", reason: "later" },
    { kind: "tap", phase: "end", id: 0 },
    { kind: "tap", phase: "begin", id: 1 },
    { kind: "tap-point", stream: 1, number: 1 },
    { kind: "tap", phase: "end", id: 1, error: "it bailed out: no disk" },
  ]);
});

test("what cannot be is refused at once", () => {
  const { vm } = setUp();
  expect(() => vm.tap({ console: "com2" })).toThrow('the machine has no com2: set consoles.com2 to "capture"');
  expect(() => vm.tap({ plan: 1.5 })).toThrow("plan: 1.5 is no number of results");
  expect(() => vm.tap({ timeout: "soon" })).toThrow("timeout:");
});
