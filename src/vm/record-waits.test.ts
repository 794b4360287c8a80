import { expect, test } from "vitest";
import { Console } from "../console/console.ts";
import type { PowerEvent } from "../power/event.ts";
import { PowerJournal } from "../power/journal.ts";
import { traceEventSchema, type UntimedEvent } from "../trace/event.ts";
import { recordWaits } from "./record-waits.ts";

function recorded() {
  const events: UntimedEvent[] = [];
  const observers = recordWaits((event) => events.push(event));
  let log = Buffer.alloc(0);
  const source = {
    get end() {
      return log.length;
    },
    read: (start: number, end: number) => log.subarray(start, end),
  };
  const shared = { defaultTimeoutMs: () => 5000 };
  const console = new Console({ name: "com1", source, send: () => {}, observe: observers.console, ...shared });
  const power = new PowerJournal({ ...shared, observer: observers.power });
  return {
    ...{ events, console, power },
    print(text: string) {
      log = Buffer.concat([log, Buffer.from(text)]);
      console.advance();
    },
  };
}

const reset: Omit<PowerEvent, "index"> = {
  ...{ kind: "reset", cause: "cf9", action: "reset", evidence: [], confidence: "reported", at: 0, offsets: {} },
};

test("a console's wait is recorded when it begins and when it settles, as the trace's schema has it", async () => {
  const { events, console, print } = recorded();
  print("Linux version 6.1\nlogin: ");
  await console.expect(/version (?<release>\S+)\n/);
  await console.expect("never", { timeout: 1 }).catch(() => {});
  await console.expect(/login: $/);
  console.end(new Error("the guest powered off"));
  await console.expect("more", { raw: true }).catch(() => {});
  console.poison(new Error("over\nand out"));
  await console.expect("refused, so it never looks").catch(() => {});
  const patterns = [{ source: "login: $", flags: "" }];
  expect(events).toEqual([
    {
      ...{ kind: "wait", id: 0, on: "com1", mode: "expect", raw: false, from: 0, timeoutMs: 5000 },
      patterns: [{ source: "version (?<release>\\S+)\\n", flags: "" }],
    },
    {
      ...{ kind: "waited", id: 0, outcome: "matched", by: "text", looked: 25 },
      matches: [{ start: 6, end: 18, text: "version 6.1\n", groups: { release: "6.1" } }],
    },
    {
      ...{ kind: "wait", id: 1, on: "com1", mode: "expect", patterns: [{ text: "never" }], raw: false },
      ...{ from: 18, timeoutMs: 1 },
    },
    {
      ...{ kind: "waited", id: 1, outcome: "timeout", looked: 25 },
      reason: 'TimeoutError: expected "never" on com1 within 1 ms, but it did not come',
    },
    { kind: "wait", id: 2, on: "com1", mode: "expect", patterns, raw: false, from: 18, timeoutMs: 5000 },
    {
      ...{ kind: "waited", id: 2, outcome: "matched", by: "silence", looked: 25 },
      matches: [{ start: 18, end: 25, text: "login: " }],
    },
    {
      ...{ kind: "wait", id: 3, on: "com1", mode: "expect", patterns: [{ text: "more" }], raw: true },
      ...{ from: 25, timeoutMs: 5000 },
    },
    {
      ...{ kind: "waited", id: 3, outcome: "ended", looked: 25 },
      reason: expect.stringMatching(/^Error: the guest powered off while waiting for "more" on com1/),
    },
  ]);
  for (const event of events) expect(traceEventSchema.parse({ t: 0, ...event })).toEqual({ t: 0, ...event });
});

test("so is what other waits looked for, and how: the first of several, lines, and what must not come", async () => {
  const { events, console, print } = recorded();
  print("one\nlo[    1.0] foo\ngin: \ntwo\n");
  await console.expectAny(["never", "login: "], { tolerateKernelMessages: true });
  await console.cursor().expectLines(["one", /o$/], { ordered: false });
  await console.cursor().expectNot("three", { during: 1 });
  await console.cursor().expectNot("three", { until: "two" });
  await console
    .cursor()
    .expectNot("one", { until: Promise.resolve() })
    .catch(() => {});
  const any = { mode: "any", tolerant: true, patterns: [{ text: "never" }, { text: "login: " }] };
  const lines = { mode: "lines", order: "any", patterns: [{ text: "one" }, { source: "o$", flags: "" }] };
  const until = [{ text: "three" }, { text: "two" }];
  expect(events).toMatchObject([
    { kind: "wait", id: 0, ...any, from: 0 },
    { kind: "waited", id: 0, outcome: "matched", matches: [{ start: 4, end: 25, text: "login: ", pattern: 1 }] },
    { kind: "wait", id: 1, ...lines },
    { kind: "waited", id: 1, outcome: "matched", matches: [{ text: "one" }, { text: "o" }] },
    { kind: "wait", id: 2, mode: "not", patterns: [{ text: "three" }], timeoutMs: 1 },
    { kind: "waited", id: 2, outcome: "absent", by: "deadline", looked: 30 },
    { kind: "wait", id: 3, mode: "not", patterns: until },
    { kind: "waited", id: 3, outcome: "matched", matches: [{ start: 26, text: "two", pattern: 1 }] },
    { kind: "wait", id: 4, mode: "not", patterns: [{ text: "one" }] },
    { kind: "waited", id: 4, outcome: "matched", matches: [{ start: 0, text: "one" }] },
  ]);
  for (const event of events) expect(traceEventSchema.parse({ t: 0, ...event })).toEqual({ t: 0, ...event });
});

test("power waits are recorded with what had happened and which event answered", async () => {
  const { events, power } = recorded();
  const first = power.next("reset", { timeout: Number.POSITIVE_INFINITY });
  power.record(reset);
  power.acknowledge(await first);
  power.record(reset);
  await power.next("shutdown").catch(() => {});
  power.allow("reset");
  await power.find("shutdown", { timeout: 1 }).catch(() => {});
  expect(events).toEqual([
    { kind: "wait", id: 0, on: "power", mode: "next", event: "reset", known: 0 },
    { kind: "waited", id: 0, outcome: "matched", known: 1, index: 0, event: "reset", cause: "cf9" },
    { kind: "waived", index: 0, known: 1 },
    { kind: "wait", id: 1, on: "power", mode: "next", event: "shutdown", known: 2, timeoutMs: 5000 },
    { kind: "waited", id: 1, outcome: "unexpected", known: 2, index: 1, event: "reset", cause: "cf9" },
    { kind: "waived", kinds: ["reset"], known: 2 },
    { kind: "wait", id: 2, on: "power", mode: "find", event: "shutdown", known: 2, timeoutMs: 1 },
    {
      ...{ kind: "waited", id: 2, outcome: "timeout", known: 2 },
      reason: 'TimeoutError: power.find("shutdown") did not come within 1 ms',
    },
  ]);
  for (const event of events) expect(traceEventSchema.parse({ t: 0, ...event })).toEqual({ t: 0, ...event });
});

test("a wait that its signal or the VM stops says by what, and how far it had looked", async () => {
  const { events, console, print } = recorded();
  print("some\n");
  const stop = new AbortController();
  const wait = console.expect("never", { signal: stop.signal });
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("the test is over"));
  await wait.catch(() => {});
  expect(events[1]).toEqual({
    ...{ kind: "waited", id: 0, outcome: "stopped", looked: 5, reason: "Error: the test is over" },
  });
});
