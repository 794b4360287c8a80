import { expect, test } from "vitest";
import { CrashJudge, type CrashSign } from "./crash-judge.ts";

const second = 1e9;
const oops = (at: number): CrashSign => ({ text: "BUG: null in demo", at, isFinal: false, wasAwaited: false });
const panic = (at: number): CrashSign => ({ text: "kernel panic: Fatal", at, isFinal: true, wasAwaited: false });
const event = (at: number): CrashSign => ({ text: "pvpanic", at, isFinal: true, wasAwaited: false });

test("an oops, the panic that follows and its event are one crash, asked for once", () => {
  const judge = new CrashJudge();
  judge.expect(/^BUG: null/);
  expect([oops(0), panic(0.2 * second), event(60 * second)].map((sign) => judge.judge(sign))).toEqual([
    "allowed",
    "allowed",
    "allowed",
  ]);
  expect(judge.isDown).toBe(true);
  expect(judge.unmet()).toEqual([]);
});

test("after a report that is not final, another one later is another crash", () => {
  const judge = new CrashJudge();
  judge.expect(undefined);
  expect(judge.judge(oops(0))).toBe("allowed");
  expect(judge.judge(oops(1.5 * second))).toBe("unexpected");
});

test("a row of reports does not stretch the second that belongs to the first", () => {
  const judge = new CrashJudge();
  judge.expect(/null/);
  expect([0, 0.7, 1.4].map((at) => judge.judge(oops(at * second)))).toEqual(["allowed", "allowed", "unexpected"]);
});

test("after a restart it is another crash", () => {
  const judge = new CrashJudge();
  judge.expect("Fatal");
  judge.judge(panic(0));
  judge.restarted();
  expect(judge.isDown).toBe(false);
  expect(judge.judge(panic(0.1 * second))).toBe("unexpected");
});

test("what follows from a crash that failed the VM is known, and allows nothing", () => {
  const judge = new CrashJudge();
  expect([oops(0), panic(1), event(2)].map((sign) => judge.judge(sign))).toEqual(["unexpected", "known", "known"]);
  expect(judge.isDown).toBe(false);
});

test("two signs of one crash may each be asked for by name; one request without a name is for the whole", () => {
  const judge = new CrashJudge();
  judge.expect("BUG");
  judge.expect("Fatal");
  judge.expect(undefined);
  judge.judge(oops(0));
  judge.judge(panic(1));
  judge.judge(event(2));
  expect(judge.unmet()).toEqual(["a crash"]);
});

test("a sign that somebody waited for allows the whole crash", () => {
  const judge = new CrashJudge();
  expect(judge.judge({ ...event(0), wasAwaited: true })).toBe("allowed");
  expect(judge.judge(panic(5 * second))).toBe("allowed");
});

test("a warning that was asked for allows the warnings and the panic that follow, and no oops", () => {
  const warning = (at: number): CrashSign => ({ ...oops(at), text: "WARNING in demo", isWarning: true });
  const judge = new CrashJudge();
  judge.expect(/^WARNING/);
  expect([warning(0), warning(1), panic(2)].map((sign) => judge.judge(sign))).toEqual([
    "allowed",
    "allowed",
    "allowed",
  ]);
  judge.restarted();
  judge.expect(/^WARNING/);
  expect([warning(3), oops(4), panic(5)].map((sign) => judge.judge(sign))).toEqual(["allowed", "unexpected", "known"]);
  judge.restarted();
  judge.expect(/null/);
  expect([oops(6), warning(7), oops(8)].map((sign) => judge.judge(sign))).toEqual(["allowed", "allowed", "allowed"]);
});
