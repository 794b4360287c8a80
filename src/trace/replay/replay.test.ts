import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { UsageError } from "../../machine/errors.ts";
import { RecordedRun, replay } from "./test/recorded-run.ts";

const runs: RecordedRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) run.remove();
});

function newRun(): RecordedRun {
  const run = new RecordedRun();
  runs.push(run);
  return run;
}

const ignored = (wait: PromiseLike<unknown>) => void wait.then(undefined, () => {});
const relations = async (dir: string) => (await replay(dir)).waits.map(({ relation }) => relation);

/** Replaces the only occurrence of a text in the recorded console by one of the same length. */
function tamper(dir: string, from: string, to: string, file = "com1.log"): void {
  const path = join(dir, file);
  const text = readFileSync(path, "latin1");
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(path, text.replace(from, to), "latin1");
}

/** One wait of every way to settle. */
function everyWay(): RecordedRun {
  const run = newRun();
  const { console, power } = run;
  ignored(console.expect(/version (?<release>\S+)\n/));
  run.print("Linux version 6.1\r\nlog");
  ignored(console.expect(/login: $/));
  run.pass(5);
  run.print("in: ");
  run.pass(40);
  run.print("admin\n");
  ignored(console.cursor().expect("never", { timeout: 20 }));
  run.pass(25);
  const stop = new AbortController();
  ignored(console.expect("not before the stop", { signal: stop.signal }));
  run.print("something\n");
  stop.abort(new Error("the test is over"));
  ignored(power.next("shutdown"));
  ignored(power.find("crash"));
  run.happen("reset", "reset");
  power.allow("reset");
  ignored(power.next("shutdown"));
  ignored(console.cursor().expect(/Power down\s*$/));
  run.print("Power down\r");
  run.happen("shutdown", "halt");
  ignored(console.expect("more"));
  run.end();
  ignored(power.next());
  run.conclude();
  return run;
}

test("every way to settle comes to the same again, and the run ends as it did", async () => {
  const { waits, verdict } = await replay(everyWay().dir);
  expect(waits.map(({ title, says, relation }) => [title, says.now, relation])).toMatchInlineSnapshot(`
    [
      [
        "com1 /version (?<release>\\S+)\\n/",
        ""version 6.1\\n" at byte 6",
        "same",
      ],
      [
        "com1 /login: $/",
        ""login: " at byte 19",
        "same",
      ],
      [
        "com1 "never"",
        "did not come within 20 ms",
        "same",
      ],
      [
        "com1 "not before the stop"",
        "stopped: Error: the test is over",
        "same",
      ],
      [
        "power next shutdown",
        "reset (unknown) came first",
        "same",
      ],
      [
        "power find crash",
        "nothing more came: Error: the guest powered off while waiting in power.find("crash")",
        "same",
      ],
      [
        "power next shutdown",
        "shutdown (unknown)",
        "same",
      ],
      [
        "com1 /Power down\\s*$/",
        ""Power down\\n" at byte 42",
        "same",
      ],
      [
        "com1 "more"",
        "nothing more came: Error: the guest powered off while waiting for "more" on com1",
        "same",
      ],
      [
        "power next",
        "nothing more came: Error: the guest powered off while waiting in power.next()",
        "same",
      ],
    ]
  `);
  expect(verdict).toEqual({ class: "Passed", exitCode: 0, reason: "the test passed" });
});

describe("a record that is not what it was is told apart", () => {
  test.each([
    ["what was matched is gone", "version 6.1", "edition 6.1", 0, "nothing more came: Error: the guest had ended"],
    ["what a group captured is another", "version 6.1", "version 6.2", 0, '"version 6.2\\n" at byte 6'],
    ["a prompt is another", "login: ", "login> ", 1, "nothing more came: "],
    ["what had to stay away is there", "admin", "never", 2, '"never" at byte 26'],
    ["what came before the end is gone", "Power down", "Power Down", 7, "nothing more came: "],
  ])("%s", async (_what, from, to, index, now) => {
    const { dir } = everyWay();
    tamper(dir, from, to);
    const { waits, verdict } = await replay(dir);
    expect(waits.flatMap(({ relation }, at) => (relation === "different" ? [at] : []))).toEqual([index]);
    expect(waits[index]?.says.now).toContain(now);
    expect(verdict).toMatchObject({ class: "Different", exitCode: 1 });
    expect(verdict.reason).toContain(waits[index]?.title);
  });

  test("a power event of another kind", async () => {
    const { dir } = everyWay();
    tamper(dir, '"kind":"power","event":{"kind":"shutdown"', '"kind":"power","event":{"kind":"crash"', "events.jsonl");
    const { waits, verdict } = await replay(dir);
    expect(waits[5]).toMatchObject({ title: "power find crash", relation: "different" });
    expect(verdict).toMatchObject({ class: "Different", exitCode: 1 });
  });
});

test("a run that was killed while it waited says so, and is no success", async () => {
  const run = newRun();
  ignored(run.console.expect("one"));
  ignored(run.console.expect("two"));
  run.print("one\n");
  await Promise.resolve();
  run.clock.settle();
  const { waits, verdict } = await replay(run.dir);
  expect(waits.map(({ relation }) => relation)).toEqual(["same", "open"]);
  expect(verdict).toMatchObject({ class: "Interrupted", exitCode: 130 });
  expect(verdict.reason).toContain('while com1 "two" was awaited');
});

test("bytes that are missing are unknown, never a success", async () => {
  const { dir } = everyWay();
  truncateSync(join(dir, "com1.log"), 20);
  const { waits, verdict } = await replay(dir);
  expect(waits[0]?.relation).toBe("same");
  expect(waits[1]).toMatchObject({ relation: "unknown", says: { now: expect.stringContaining("ends at byte 20") } });
  expect(verdict).toMatchObject({ class: "Unproven", exitCode: 1 });
});

test("a kind of wait that this Petri does not know is unknown, too", async () => {
  const { dir } = everyWay();
  const path = join(dir, "events.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace('"mode":"expect"', '"mode":"next"'));
  expect((await relations(dir))[0]).toBe("unknown");
});

test("cut anywhere by kill -9, a record replays up to its end: nothing differs, and no success is made up", async () => {
  const whole = everyWay();
  const events = readFileSync(join(whole.dir, "events.jsonl"));
  const log = readFileSync(join(whole.dir, "com1.log"));
  const { dir } = newRun();
  await fc.assert(
    fc.asyncProperty(fc.nat(events.length), fc.nat(log.length), async (eventBytes, logBytes) => {
      cpSync(whole.dir, dir, { recursive: true });
      truncateSync(join(dir, "events.jsonl"), eventBytes);
      truncateSync(join(dir, "com1.log"), logBytes);
      const { waits, verdict } = await replay(dir);
      expect(waits.filter(({ relation }) => relation === "different")).toEqual([]);
      // A last line that lacks only its newline is whole.
      if (eventBytes < events.length - 1) expect(verdict).toMatchObject({ class: "Interrupted", exitCode: 130 });
      else if (logBytes < log.length) expect(verdict.exitCode).toBe(1);
    }),
    { numRuns: 300 },
  );
});

test("garbage in the middle is an error that names its line", async () => {
  const { dir } = everyWay();
  tamper(dir, '"kind":"waived"', '"kind":"wavied"', "events.jsonl");
  await expect(replay(dir)).rejects.toThrow(UsageError);
  await expect(replay(dir)).rejects.toThrow(/line \d+, is not a trace event/);
});

/** What a run may do; patterns of every kind, so that every finder and every way to settle is met. */
const patterns = ["ab", "b\n", /a+/, /^b$/, /a.*b/, /ab\s*/, /(?<first>[ab])c/, /a\n^b/, /c(?=a)/, /\u00e9|$/];
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      print: fc.oneof(fc.stringMatching(/^[abc\n\r \u00e9\u001b[m]{0,8}$/), fc.constant("[    1.500000] usb\n")),
      isBusy: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(1, 29, 31, 200) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      expect: fc.constantFrom(...patterns),
      raw: fc.boolean(),
      timeout: fc.constantFrom(10, 50, 1000),
      isOwn: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      several: fc.array(fc.constantFrom(...patterns), { minLength: 2, maxLength: 3 }),
      as: fc.constantFrom("any", "during", "until", "until event"),
      timeout: fc.constantFrom(10, 50, 1000),
      tolerateKernelMessages: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      lines: fc.array(fc.constantFrom("ab", "b", /a/, /^b?$/), { minLength: 1, maxLength: 3 }),
      consecutive: fc.boolean(),
      tolerateKernelMessages: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ stop: true }) },
  { weight: 1, arbitrary: fc.record({ happen: fc.constantFrom("reset", "shutdown") }) },
  { weight: 1, arbitrary: fc.record({ next: fc.constantFrom("reset", "shutdown", undefined), isLate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ find: fc.constantFrom("reset", "shutdown") }) },
  { weight: 1, arbitrary: fc.record({ allow: fc.constantFrom("reset", "shutdown") }) },
  { weight: 1, arbitrary: fc.constant({ cut: true }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Does one step; `stop` is the signal of the waits that begin now. */
function take(run: RecordedRun, each: Step, stop: AbortController): void {
  const { signal } = stop;
  if ("print" in each) run.print(each.print, each.isBusy);
  else if ("pass" in each) run.pass(each.pass);
  else if ("expect" in each) {
    const raw = each.raw && typeof each.expect === "string";
    const cursor = each.isOwn ? run.console.cursor() : run.console;
    ignored(cursor.expect(each.expect, { timeout: each.timeout, raw, signal }));
  } else if ("several" in each) takeSeveral(run, each, signal);
  else if ("lines" in each) {
    const { lines, consecutive, tolerateKernelMessages } = each;
    ignored(run.console.expectLines(lines, { consecutive, tolerateKernelMessages, timeout: 50, signal }));
  } else if ("stop" in each) stop.abort(new Error("stopped"));
  else if ("happen" in each) run.happen(each.happen as "reset", "reset");
  else if ("next" in each) {
    ignored(run.power.next(each.next as "reset", { signal: each.isLate ? AbortSignal.abort() : signal }));
  } else if ("find" in each) ignored(run.power.find(each.find as "reset", { signal }));
  else if ("allow" in each) run.power.allow(each.allow as "reset");
  // A character cut in two, as a socket may.
  else run.print(Buffer.from([0xc3]));
}

function takeSeveral(run: RecordedRun, each: Extract<Step, { several: unknown }>, signal: AbortSignal): void {
  const { several, as, timeout, tolerateKernelMessages } = each;
  const [first = "", second = ""] = several;
  const options = { tolerateKernelMessages, signal };
  if (as === "any") return ignored(run.console.expectAny(several, { ...options, timeout }));
  if (as === "during") return ignored(run.console.expectNot(first, { ...options, during: timeout }));
  const until = as === "until" ? second : run.power.next("shutdown");
  ignored(run.console.expectNot(first, { ...options, timeout, until }));
}

test("whatever a guest prints and a test awaits, the replay comes to the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, ends) => {
      const run = new RecordedRun();
      let stop = new AbortController();
      try {
        for (const each of steps) {
          take(run, each, stop);
          if (stop.signal.aborted) stop = new AbortController();
          await Promise.resolve();
          if (!("isBusy" in each && each.isBusy)) run.clock.settle();
        }
        if (ends) run.end();
        run.conclude();
        const waits = (await replay(run.dir)).waits.filter(({ relation }) => relation !== "open");
        expect(waits.filter(({ relation }) => relation !== "same")).toEqual([]);
      } finally {
        run.remove();
      }
    }),
    { numRuns: 500 },
  );
});
