import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GuestCrash, TimeoutError } from "../machine/errors.ts";
import type { PowerEvent, PowerKind } from "./event.ts";
import { describeEvent, PowerJournal, parseAction, UnexpectedPowerEvent } from "./journal.ts";

function event(kind: PowerKind, more: Partial<PowerEvent> = {}): Omit<PowerEvent, "index"> {
  return {
    ...{ kind, cause: "unknown", action: "reset", evidence: [], confidence: "reported" },
    ...{ at: 1_234_000_000, offsets: { com1: 100 } },
    ...more,
  };
}

const off = event("shutdown", { cause: "acpi-s5", action: "halt", evidence: ['QMP: {"event":"SHUTDOWN"}'] });
const keyboardReset = event("reset", { cause: "keyboard-controller", evidence: ["QMP: RESET guest-reset"] });

const rejection = (promise: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(promise).then(
    () => Promise.reject(new Error("it was fulfilled")),
    (error) => error,
  );

describe("next", () => {
  test("finds an event that came before the call, and one that comes later", async () => {
    const journal = new PowerJournal();
    const reset = journal.record(keyboardReset);
    expect(await journal.next("reset")).toBe(reset);
    const later = journal.next();
    const shutdown = journal.record(off);
    expect(await later).toBe(shutdown);
    expect(shutdown.index).toBe(1);
    expect(journal.unacknowledged()).toEqual([]);
  });

  test("rejects when another event comes first, and leaves it next", async () => {
    const journal = new PowerJournal();
    const wait = journal.next("watchdog");
    const reset = journal.record(keyboardReset);
    const error = await rejection(wait);
    expect(error).toBeInstanceOf(UnexpectedPowerEvent);
    expect(error).toMatchObject({ expected: "watchdog", event: reset, exitCode: 1 });
    expect(error.message).toMatchInlineSnapshot(`
      "expected "watchdog" as the next power event, but the guest reset (keyboard-controller) at 1.234 s
        reset: the guest reset (keyboard-controller) at 1.234 s, action reset
          | QMP: RESET guest-reset
      If it belongs to the test, await it first: power.next("reset"), or power.allow("reset") for any number of them.
      To look past it and leave it to fail the test at its end: power.find("watchdog")."
    `);
    expect(journal.unacknowledged()).toEqual([reset]);
    expect(await journal.next("reset")).toBe(reset);
  });

  test("passes over what was acknowledged or allowed, but takes an allowed kind when asked for it", async () => {
    const journal = new PowerJournal();
    journal.allow("reset");
    for (let n = 0; n < 3; n++) journal.record(keyboardReset);
    journal.acknowledge(journal.record(event("watchdog")));
    expect((await journal.next("reset")).index).toBe(0);
    journal.record(off);
    expect((await journal.next("shutdown")).index).toBe(4);
    expect(journal.unacknowledged()).toEqual([]);
  });
});

test("find skips other events and leaves them to be looked at", async () => {
  const journal = new PowerJournal();
  const wait = journal.find("shutdown");
  const reset = journal.record(keyboardReset);
  const shutdown = journal.record(off);
  expect(await wait).toBe(shutdown);
  expect(journal.unacknowledged()).toEqual([reset]);
  expect(await journal.next()).toBe(reset);
});

describe("a wait ends", () => {
  test("with the VM, unless the answer is among the events", async () => {
    const journal = new PowerJournal();
    const wait = journal.find("watchdog");
    journal.record(off);
    journal.end(new GuestCrash("the VMM exited"));
    const error = await rejection(wait);
    expect(error).toBeInstanceOf(GuestCrash);
    expect(error.message).toMatchInlineSnapshot(`
      "the VMM exited while waiting in power.find("watchdog")
      power events so far:
        shutdown: the guest powered off (acpi-s5) at 1.234 s, action halt
          | QMP: {"event":"SHUTDOWN"}"
    `);
    expect((await journal.next("shutdown")).index).toBe(0);
    expect((await rejection(journal.next())).message).toMatch(/^the VMM exited while waiting in power.next\(\)/);
  });

  test("with an event that had arrived by its deadline, though nobody had time to hear of it", async () => {
    const journal = new PowerJournal();
    const { port1, port2 } = new MessageChannel();
    port1.on("message", () => journal.record(off));
    const wait = journal.next("shutdown", { timeout: 5 });
    port2.postMessage("it has come");
    const until = performance.now() + 20;
    while (performance.now() < until);
    expect((await wait).kind).toBe("shutdown");
    port1.close();
  });

  test("at its deadline", async () => {
    const journal = new PowerJournal({ defaultTimeoutMs: () => 5 });
    const error = await rejection(journal.next("reset"));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatchInlineSnapshot(`
      "power.next("reset") did not come within 5 ms
      no power event has come so far
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
    journal.record(keyboardReset);
    expect((await rejection(journal.find("crash", { timeout: "1ms" }))).message).toMatchInlineSnapshot(`
      "power.find("crash") did not come within 1 ms
      power events so far:
        reset: the guest reset (keyboard-controller) at 1.234 s, action reset
          | QMP: RESET guest-reset
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
    expect(journal.unacknowledged()).toHaveLength(1);
  });

  test("with its signal, or when the journal is poisoned", async () => {
    const journal = new PowerJournal();
    const stop = new AbortController();
    const aborted = journal.next("reset", { signal: stop.signal });
    stop.abort(new Error("enough"));
    expect((await rejection(aborted)).message).toBe("enough");
    const wait = journal.next();
    const reason = new GuestCrash("panic");
    journal.poison(reason);
    journal.record(keyboardReset);
    expect(await rejection(wait)).toBe(reason);
    expect(await rejection(journal.find("reset"))).toBe(reason);
    expect(journal.unacknowledged()).toHaveLength(1);
  });
});

test("waits nobody awaited are named", async () => {
  const journal = new PowerJournal();
  void journal.next("reset");
  void journal.find("crash", { timeout: 1 });
  await rejection(journal.next(undefined, { timeout: 1 }));
  expect(journal.unawaited()).toEqual(['power.next("reset")', 'power.find("crash")']);
});

test("an event in one line", () => {
  const journal = new PowerJournal();
  expect(describeEvent(journal.record(off))).toBe("the guest powered off (acpi-s5) at 1.234 s");
  expect(describeEvent(journal.record(event("watchdog", { cause: "i6300esb", confidence: "inferred" })))).toBe(
    "the watchdog expired (i6300esb, inferred) at 1.234 s",
  );
  expect(describeEvent(journal.record(event("halted")))).toBe("every vCPU halted for good (cause unknown) at 1.234 s");
});

test("an action taken apart", () => {
  expect(parseAction("reset")).toEqual({ action: "reset" });
  expect(parseAction("exit")).toEqual({ action: "exit" });
  expect(parseAction("exit:0")).toEqual({ action: "exit", code: 0 });
  expect(parseAction("exit:255")).toEqual({ action: "exit", code: 255 });
});

describe("for any order of events and calls", () => {
  const kind = fc.constantFrom<PowerKind>("reset", "shutdown", "watchdog", "crash");
  const call = fc.oneof(
    fc.record({ do: fc.constant("record" as const), kind }),
    fc.record({ do: fc.constant("next" as const), kind: fc.option(kind, { nil: undefined }) }),
    fc.record({ do: fc.constant("find" as const), kind }),
    fc.record({ do: fc.constant("acknowledge" as const), index: fc.nat(5) }),
    fc.record({ do: fc.constant("allow" as const), kind }),
  );

  test("each event is answered once at most, and never both answered and left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
        const journal = new PowerJournal();
        const waits: PromiseLike<PowerEvent>[] = [];
        const looked = new Set<PowerEvent>();
        for (const step of calls) {
          if (step.do === "record") journal.record(event(step.kind));
          if (step.do === "next") waits.push(journal.next(step.kind));
          if (step.do === "find") waits.push(journal.find(step.kind));
          if (step.do === "allow") journal.allow(step.kind);
          const known = step.do === "acknowledge" ? journal.events[step.index] : undefined;
          if (known) journal.acknowledge(looked.add(known) && known);
        }
        journal.end(new Error("over"));
        const answers: PowerEvent[] = [];
        for (const outcome of await Promise.allSettled(waits)) {
          if (outcome.status === "fulfilled") answers.push(outcome.value);
        }
        expect(new Set(answers).size).toBe(answers.length);
        for (const left of journal.unacknowledged()) {
          expect(answers).not.toContain(left);
          expect(looked).not.toContain(left);
        }
      }),
    );
  });

  test("waits that were started before the events get the answers of waits started after them", async () => {
    const outcomes = (waits: PromiseLike<PowerEvent>[]) =>
      Promise.all(
        waits.map((wait) =>
          wait.then(
            ({ index }) => index,
            (error: Error) => error.message,
          ),
        ),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { maxLength: 6 }), fc.array(kind, { maxLength: 6 }), async (events, asked) => {
        const early = new PowerJournal();
        const late = new PowerJournal();
        const before = asked.map((each) => early.next(each));
        for (const each of events) {
          early.record(event(each));
          late.record(event(each));
        }
        const after = asked.map((each) => late.next(each));
        early.end(new Error("over"));
        late.end(new Error("over"));
        expect(await outcomes(before)).toEqual(await outcomes(after));
        expect(early.unacknowledged()).toEqual(late.unacknowledged());
      }),
    );
  });
});

test("a wait that was in vain shows the scene", async () => {
  const journal = new PowerJournal({ scene: () => ["last lines of com1:", "  | reboot: System halted"] });
  await expect(journal.next("shutdown", { timeout: 1 })).rejects.toThrow(
    /no power event has come so far\nlast lines of com1:\n {2}\| reboot: System halted\nIf the guest/,
  );
});
