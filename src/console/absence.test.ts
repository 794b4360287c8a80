import { describe, expect, test } from "vitest";
import { TimeoutError } from "../machine/errors.ts";
import { PowerJournal } from "../power/journal.ts";
import { Console, UnexpectedOutput } from "./console.ts";
import { eventAt, memoryConsole, rejection, untimed } from "./test/memory-console.ts";

/** Lets everything that is due happen. */
const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("during a time", () => {
  test("resolves when it is over, and has consumed nothing", async () => {
    const { console, print } = memoryConsole();
    print("all is well\n");
    const started = performance.now();
    expect(await console.expectNot("BUG:", { during: 60 })).toBeUndefined();
    expect(performance.now() - started).toBeGreaterThan(55);
    expect(await console.expect("all")).toMatchObject({ start: 0 });
  });

  test("rejects at once when it comes, with the line and what came last", async () => {
    const { console, print } = memoryConsole({ phase: "phase: kernel" });
    const wait = console.expectNot(/BUG: (?<what>\w+)!/, { during: "60s" });
    print("one\r\n\x1b[31m::warning::BUG: soft");
    print("lock!\u202e ##[group]\r\n");
    const error = await rejection(wait);
    expect(error).toBeInstanceOf(UnexpectedOutput);
    expect(error).toMatchObject({ exitCode: 1, match: { groups: { what: "softlock" }, start: 21 } });
    expect(untimed(error.message)).toMatchInlineSnapshot(`
      "expected com1 not to print /BUG: (?<what>\\w+)!/ for 1 min, but it did after TIME, at byte 21
        | \\x3a:warning::BUG: softlock!\\u{202e} \\x23\\x23[group]
      phase: kernel
      last lines of com1 (50 bytes so far):
        | one
        | \\x3a:warning::BUG: softlock!\\u{202e} \\x23\\x23[group]"
    `);
    expect(await console.expect("BUG")).toMatchObject({ start: 21 });
  });

  test("what was printed behind the cursor already counts, what was consumed does not", async () => {
    const { console, print } = memoryConsole();
    print("error one\n");
    await expect(console.expectNot("error", { during: "60s" })).rejects.toThrow(UnexpectedOutput);
    await console.expect("error");
    await console.expectNot("error", { during: 5 });
  });

  test("a prompt at its very end counts", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectNot(/# $/, { during: 10 });
    print("# ");
    await expect(wait).rejects.toThrow(/not to print \/# \$\//);
  });

  test("kernel messages in the middle of it do not hide it", async () => {
    const { console, print } = memoryConsole();
    print("fai[    1.000000] foo\r\nled\n");
    await console.expectNot("failed", { during: 5 });
    await expect(console.expectNot("failed", { during: 5, tolerateKernelMessages: true })).rejects.toThrow(/at byte 0/);
  });
});

describe("until something", () => {
  test("a pattern that comes first ends the span", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectNot("error", { until: /login: $/ });
    print("fine\nlogin: ");
    await wait;
    print("error\n");
    await expect(console.expectNot(/error/, { until: "\n" })).resolves.toBeUndefined();
    await expect(console.expectNot("error", { until: "nothing" })).rejects.toThrow(UnexpectedOutput);
    await expect(console.expectNot("login", { until: "login: " })).rejects.toThrow(/until "login: ", but it did/);
  });

  test("one that does not come is a timeout, not an absence", async () => {
    const { console, print } = memoryConsole();
    print("logon: ");
    const error = await rejection(console.expectNot("error", { until: "login: ", timeout: 20 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatchInlineSnapshot(`
      "expected "login: " (and no "error" before it) on com1 within 20 ms, but it did not come
      nearest line:
        | logon: 
      last lines of com1 (7 bytes so far):
        | logon:
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
  });

  test("a power event ends it at the byte where it happened", async () => {
    const { console, print } = memoryConsole();
    const journal = new PowerJournal();
    print("fine\nerror");
    const early = console.expectNot("error", { until: journal.next("reset") });
    const late = console.expectNot("error", { until: Promise.resolve(eventAt(10)) });
    const { index: _, ...event } = eventAt(5);
    journal.record(event);
    await early;
    expect(await rejection(late)).toBeInstanceOf(UnexpectedOutput);
    expect(journal.unacknowledged()).toEqual([]);
    expect(journal.unawaited()).toEqual([]);
  });

  test("bytes before the event count even if they come after the word of it", async () => {
    const { console, print } = memoryConsole();
    print("fine ");
    const [bad, good] = [5, 5].map(() => console.expectNot("error", { until: Promise.resolve(eventAt(10)) }));
    await turns();
    print("error");
    expect(await rejection(bad as PromiseLike<void>)).toBeInstanceOf(UnexpectedOutput);
    await expect(good).rejects.toThrow(UnexpectedOutput);
    const calm = console.cursor("now").expectNot("error", { until: Promise.resolve(eventAt(13)) });
    await turns();
    print("ok!error");
    await calm;
  });

  test("any other promise counts what was printed by then", async () => {
    const { console, print } = memoryConsole();
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const wait = console.expectNot(/error/, { until: done });
    print("fine");
    finish();
    await wait;
  });

  test("a promise that rejects, or is not fulfilled in time, proves nothing", async () => {
    const { console } = memoryConsole();
    const reason = new Error("the guest crashed");
    expect(await rejection(console.expectNot("error", { until: Promise.reject(reason) }))).toBe(reason);
    const error = await rejection(console.expectNot("error", { until: new Promise(() => {}), timeout: 20 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatchInlineSnapshot(`
      "expected the promise given, and no "error" on com1 before it, within 20 ms, but it did not come
      com1 has printed nothing at all
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
  });
});

describe("the end of the console", () => {
  test("in order: nothing more comes, so it was absent, but what should have come first did not", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectNot("error", { during: "60s" });
    const before = console.expectNot("error", { until: "login: " });
    const event = console.expectNot("error", { until: new Promise<unknown>((resolve) => setTimeout(resolve, 20)) });
    print("fine");
    console.end(new Error("the guest powered off (acpi-s5)"));
    await wait;
    await event;
    expect(untimed((await rejection(before)).message)).toMatchInlineSnapshot(`
      "the guest powered off (acpi-s5) while waiting for "login: " (and no "error" before it) on com1
      waited TIME
      last lines of com1 (4 bytes so far):
        | fine"
    `);
  });

  test("in order, with the unwanted as the last bytes", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectNot(/error$/, { during: "60s" });
    print("error");
    console.end(new Error("the guest powered off (acpi-s5)"));
    expect(await rejection(wait)).toBeInstanceOf(UnexpectedOutput);
  });

  test("out of order: nobody knows what would have come", async () => {
    const { console } = memoryConsole();
    const wait = console.expectNot("error", { during: "60s" });
    const event = console.expectNot("error", { until: new Promise(() => {}) });
    console.end(new Error("the VMM ended"), { inOrder: false });
    console.end(new Error("the VM was ended"));
    await expect(wait).rejects.toThrow(/^the VMM ended while waiting for no "error" on com1 for 1 min/);
    await expect(event).rejects.toThrow(/^the VMM ended/);
    await expect(console.expectNot("error", { during: 1 })).rejects.toThrow(/^the VMM ended/);
  });

  test("a console that cannot be read, or belongs to a VM that failed, proves nothing", async () => {
    const source = {
      end: 1,
      read: () => {
        throw new Error("EIO: i/o error, read");
      },
    };
    const broken = new Console({ name: "com1", source, send: () => {}, defaultTimeoutMs: () => 1000 });
    await expect(broken.expectNot("error", { during: 5 })).rejects.toThrow("EIO");
    const short = new Console({
      ...{ name: "com1", send: () => {}, defaultTimeoutMs: () => 1000 },
      source: { end: 10, read: () => Buffer.alloc(0) },
    });
    await expect(short.expectNot("error", { during: 5 })).rejects.toThrow(/record ends before byte 10/);
    const { console } = memoryConsole();
    const wait = console.expectNot("error", { during: "60s" });
    console.poison(new Error("the VMM broke down"));
    await expect(wait).rejects.toThrow("the VMM broke down");
    await expect(console.expectNot("error", { during: 5 })).rejects.toThrow("the VMM broke down");
  });
});

test("later waits on the cursor do not wait for it, but it waits for earlier ones", async () => {
  const { console, print } = memoryConsole();
  const first = console.expect("one");
  const quiet = console.expectNot("one", { until: "three" });
  const next = console.expect("two");
  print("one two");
  expect(await first).toMatchObject({ start: 0 });
  expect(await next).toMatchObject({ start: 4 });
  print(" three");
  await quiet;
});

test("a signal ends it with its reason, and one that nobody awaits is told", async () => {
  const { console } = memoryConsole();
  const stop = new AbortController();
  const wait = console.expectNot("error", { during: "60s", signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(wait).rejects.toThrow("enough");
  void console.expectNot("error", { during: 1 });
  expect(console.unawaited()).toEqual(['com1: expectNot("error", { during: 1 })']);
});

test("a span is needed, and one only", () => {
  const { console } = memoryConsole();
  expect(() => console.expectNot("error", {})).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: expectNot needs one span, since nothing is never printed for ever:
      { during: "5s" }, { until: "login:" } or { until: vm.power.next("shutdown") }]
  `);
  expect(() => console.expectNot("error", { during: 5, until: "x" })).toThrow(/one span/);
  expect(() => console.expectNot("error", { during: "soon" })).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: during: "soon" is not a duration: write a number with ms, s, m or h, such as 250ms or 5s]`,
  );
  expect(() => console.expectNot("error", { until: 5 as unknown as string })).toThrow(/until is a text/);
});
