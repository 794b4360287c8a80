import { expect, test, vi } from "vitest";
import type { UntimedEvent } from "../trace/event.ts";
import type { RunningVmm, VmmPlan } from "../vmm/contract.ts";
import { ConsoleSet } from "./console-set.ts";
import { noProgress } from "./hang-evidence.ts";

async function told(facets: RunningVmm["facets"]) {
  const notes: UntimedEvent[] = [];
  const note = (event: UntimedEvent) => notes.push(event);
  const consoles = new ConsoleSet([], "/trace", { send: () => {}, defaultTimeoutMs: () => 0 });
  consoles.context = () => "in phase kernel for 31 s";
  const plan = { run: { file: "qemu", args: ["-S"] } } as unknown as VmmPlan; // all that the message tells of it
  const scene = { consoles, plan, traceDir: "/trace" };
  const error = await noProgress({
    waits: ['com1: expect("x")', "guest.ready()"],
    budgetMs: 30_000,
    facets,
    scene,
    note,
  });
  return { error, notes };
}

test("says what was waited for, where the vCPUs are, what is on the screen, and what to do", async () => {
  const screenshot = vi.fn(async () => {});
  const { error, notes } = await told({ registers: async () => "CPU#0\r\nEIP=00001000 EFL=00000002\r\n", screenshot });
  expect(error).toMatchObject({ name: "NoProgress", exitCode: 124 });
  expect(error.message).toMatchInlineSnapshot(`
    "the guest made no progress for 30 s while somebody waited for com1: expect("x"), guest.ready()
    registers of the vCPUs:
      | CPU#0
      | EIP=00001000 EFL=00000002
    screen: /trace/hang.png
    in phase kernel for 31 s
    command: qemu -S
    trace: /trace
    If it only needs longer, give it more (progressWithin), or call vm.progress() where it is seen to get on."
  `);
  expect(screenshot).toHaveBeenCalledWith("/trace/hang.png");
  expect(notes).toEqual([
    { kind: "note", text: "registers of every vCPU:\nCPU#0\r\nEIP=00001000 EFL=00000002\r\n" },
    { kind: "picture", file: "hang.png" },
  ]);
});

test("what a guest put on its screen is quoted safely, and not without end", async () => {
  const screenText = async () =>
    ["\x1b]52;c;aGk=\x07", "::add-mask::x", "", "y".repeat(1e6), ...Array(100).fill("z")].join("\n");
  const { error, notes } = await told({ screenText });
  expect(error.message).not.toMatch(/[\x1b\x07]|^ *::/m);
  expect(error.message.length).toBeLessThan(2000);
  expect(error.message).toContain("this VMM tells no registers");
  expect(error.message).toContain("more lines in the trace");
  expect(JSON.stringify(notes).length).toBeLessThan(300_000);
});

test("a VMM that refuses, or answers nothing, does not keep the error back", async () => {
  vi.useFakeTimers();
  const never = () => new Promise<never>(() => {});
  const pending = told({ registers: () => Promise.reject(new Error("info was refused")), screenText: never });
  await vi.advanceTimersByTimeAsync(5000);
  const { error } = await pending;
  vi.useRealTimers();
  expect(error.message).toContain("the registers could not be had: info was refused");
  expect(error.message).toContain("the screen did not come within 5 s");
});
