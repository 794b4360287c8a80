import { expect, test } from "vitest";
import type { PowerEvent } from "../power/event.ts";
import type { VmmPlan } from "../vmm/contract.ts";
import { BootLoop } from "./boot-loop.ts";
import { ConsoleSet } from "./console-set.ts";
import { checkRestartLimit } from "./restart-limit.ts";

function setUp(atMost?: number) {
  const consoles = new ConsoleSet([], "/trace", { send: () => {}, defaultTimeoutMs: () => 0 });
  const plan = { run: { file: "qemu", args: [] } } as unknown as VmmPlan; // all that the message tells of it
  const progress = { waits: ["com1: expect(/login:/)"], met: 0 };
  const loop = new BootLoop({ atMost, progress, scene: { consoles, plan, traceDir: "/trace" } });
  let index = 0;
  const restart = (kind: PowerEvent["kind"] = "reset", cause: PowerEvent["cause"] = "cf9") =>
    loop.restarted({
      ...{ kind, cause, action: "reset", evidence: [], confidence: "reported", offsets: {} },
      ...{ at: index * 300e6, index: index++ },
    });
  const restarts = (count: number) => Array.from({ length: count }, () => restart()).filter(Boolean);
  return { loop, progress, restart, restarts };
}

test("one restart more than may come to nothing is a boot loop", () => {
  const { restart, restarts } = setUp();
  expect(restarts(10)).toEqual([]);
  const error = restart("watchdog", "ib700");
  expect(error).toMatchObject({ name: "NoProgress", exitCode: 124 });
  expect(error?.message).toMatchInlineSnapshot(`
    "the guest is in a boot loop: 11 restarts in 3 s, and nothing came of com1: expect(/login:/)
      10 × reset (cf9)
      1 × watchdog (ib700)
    command: qemu
    trace: /trace
    If it is meant to restart so often, say so: restartsAtMost: 22, or vm.power.allow("watchdog")."
  `);
});

test("a wait that is met begins a new row, and so does what the test says", () => {
  const { loop, progress, restarts } = setUp(2);
  expect(restarts(2)).toEqual([]);
  progress.met++;
  expect(restarts(2)).toEqual([]);
  loop.progressed();
  expect(restarts(2)).toEqual([]);
  expect(restarts(1)).toHaveLength(1);
});

test("restarts that nobody waits through are nobody's loss", () => {
  const { progress, restarts } = setUp(0);
  progress.waits = [];
  expect(restarts(50)).toEqual([]);
});

test("any number is any number, and nonsense is told", () => {
  expect(setUp(Number.POSITIVE_INFINITY).restarts(100)).toEqual([]);
  for (const atMost of [undefined, 0, 3, Number.POSITIVE_INFINITY]) checkRestartLimit(atMost);
  expect(() => checkRestartLimit(-1)).toThrow(
    "restartsAtMost: -1 is no number of restarts; write 0, 1, 2 … or Infinity",
  );
  expect(() => checkRestartLimit(1.5)).toThrow("restartsAtMost: 1.5 is no number");
});
