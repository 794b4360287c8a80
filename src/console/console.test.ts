import fc from "fast-check";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { TimeoutError } from "../machine/errors.ts";
import { eventAt, memoryConsole, rejection, untimed } from "./test/memory-console.ts";

describe("expect", () => {
  test("finds what was printed before and what comes later, and consumes it", async () => {
    const { console, print } = memoryConsole();
    print("one two ");
    expect(await console.expect("two")).toMatchObject({ text: "two", start: 4, end: 7, before: "one " });
    const later = console.expect(/th(?<rest>ree)/);
    print("one th");
    print("ree");
    expect(await later).toEqual({
      ...{ text: "three", start: 12, end: 17, before: " one " },
      ...{ groups: { rest: "ree" }, captures: ["ree"] },
    });
    await expect(console.expect("one", { timeout: 10 })).rejects.toThrow(TimeoutError);
  });

  test("a prompt without a newline is found at once", async () => {
    const { console, print } = memoryConsole();
    print("\r\ndebian login: ");
    // No timer is needed for it: none would fire.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    expect((await console.expect(/login: /)).text).toBe("login: ");
  });

  test("/^ok$/ waits for the rest of the line, or for silence", async () => {
    const { console, print } = memoryConsole();
    print("ok");
    const wait = console.expect(/^ok$/);
    print(", but no\r\nok");
    expect((await wait).start).toBe(12);
  });

  test("an open pattern at a prompt is settled by silence", async () => {
    const { console, print } = memoryConsole({ timeoutMs: 60_000 });
    print("root@guest:~# ");
    expect((await console.expect(/# $/)).text).toBe("# ");
  });

  test("an open pattern takes the whole word", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expect(/version (\d+(\.\d+)*)/);
    for (const part of ["ver", "sion 1", ".", "2.", "3\n"]) print(part);
    expect((await wait).captures[0]).toBe("1.2.3");
  });

  test("^ knows whether the cursor stands at the beginning of a line", async () => {
    const { console, print } = memoryConsole();
    print("a: b: b: c\nb: d\n");
    await console.expect("a: ");
    expect((await console.expect(/^b: \w/)).text).toBe("b: d");
  });

  test("raw patterns match bytes, readable ones skip escape sequences", async () => {
    const { console, print } = memoryConsole();
    print(Buffer.from("\x1b[31mre\x1b[1md\x1b[0m \xff\xfe end", "latin1"));
    expect(await console.cursor().expect("red")).toMatchObject({ text: "red", start: 5, end: 12 });
    expect(await console.cursor().expect(/\x1b\[1m/, { raw: true })).toMatchObject({ start: 7, end: 11 });
    expect(await console.cursor().expect(/\xff\xfe/, { raw: true })).toMatchObject({ start: 17, end: 19 });
    expect((await console.cursor().expect("\ufffd\ufffd end")).end).toBe(23);
  });

  test("after an event, only what came after it counts", async () => {
    const { console, print } = memoryConsole();
    print("ready\nready\n");
    await console.expect("ready");
    expect(await console.expect("ready", { after: eventAt(6) })).toMatchObject({ start: 6 });
    expect(await console.cursor({ after: eventAt(6) }).expect("ready")).toMatchObject({ start: 6 });
    const early = console.expect("ready", { after: eventAt(14) });
    print("ready again, ready");
    expect(await early).toMatchObject({ start: 25 });
  });

  test("waits on one cursor run one after another, those on two do not meet", async () => {
    const { console, print } = memoryConsole();
    const own = console.cursor();
    const waits = [console.expect("a"), console.expect("b"), own.expect("b"), console.expect("a")];
    print("b a b a");
    expect((await Promise.all(waits)).map((match) => match.start)).toEqual([2, 4, 0, 6]);
  });

  test("many waits that are met already settle", async () => {
    const { console, print } = memoryConsole();
    print("x".repeat(3000));
    const waits = Array.from({ length: 3000 }, () => console.expect("x"));
    expect((await Promise.all(waits)).at(-1)?.end).toBe(3000);
  });

  test("an aborted wait rejects with the signal's reason and consumes nothing", async () => {
    const { console, print } = memoryConsole();
    const stop = new AbortController();
    const wait = console.expect("x", { signal: stop.signal });
    const queued = console.expect("y");
    stop.abort(new Error("enough"));
    print("y x");
    expect((await rejection(wait)).message).toBe("enough");
    expect((await queued).start).toBe(0);
    expect((await rejection(console.expect("x", { signal: stop.signal }))).message).toBe("enough");
  });
});

describe("the end", () => {
  test("a match in the last bytes wins over the reason", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expect(/bye$/);
    const missing = console.cursor().expect("never");
    print("good bye");
    console.end(new Error("the guest powered off (acpi-s5)"));
    expect((await wait).text).toBe("bye");
    expect(untimed((await rejection(missing)).message)).toMatchInlineSnapshot(`
      "the guest powered off (acpi-s5) while waiting for "never" on com1
      waited TIME
      last lines of com1 (8 bytes so far):
        | good bye"
    `);
    expect((await rejection(console.expect(/more/))).message).toMatch(
      /^the guest powered off \(acpi-s5\) while waiting/,
    );
    expect(() => console.send("x")).toThrow(/powered off.*nobody reads/);
    console.reopen();
    console.sendLine("x");
  });

  test("a poisoned console rejects everything with the reason itself", async () => {
    const { console, print } = memoryConsole();
    print("here");
    const reason = new Error("the guest crashed");
    const wait = console.expect("never");
    const queued = console.expect("never");
    console.poison(reason);
    expect(await rejection(wait)).toBe(reason);
    expect(await rejection(queued)).toBe(reason);
    expect(await rejection(console.expect("here"))).toBe(reason);
    expect(() => console.send("x")).toThrow(reason);
    expect(console.lastLines()).toEqual(["here"]);
  });

  test("waits nobody awaited are named, and do not end the process", async () => {
    const { console, print } = memoryConsole();
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    afterEach(() => process.off("unhandledRejection", unhandled));
    print("x");
    void console.expect("x");
    void console.expect(/never/, { timeout: 1 });
    const raced = console.expect("never again", { timeout: 1 });
    await Promise.race([raced, Promise.resolve()]);
    await rejection(console.expect("z", { timeout: 5 }));
    expect(console.unawaited()).toEqual(['com1: expect("x")', "com1: expect(/never/)"]);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("a failure says what came instead", () => {
  test("a timeout", async () => {
    const { console, print } = memoryConsole({ phase: "phase: kernel" });
    print("[    0.0] Linux\r\n\x1b[31mdebian logon:\x1b[0m\u202e\r\n::add-mask::x\r\n##[error]\x07 \x00bell\n");
    const error = await rejection(console.expect("debian login:", { timeout: 20 }));
    expect(error.message).toMatchInlineSnapshot(`
      "expected "debian login:" on com1 within 20 ms, but it did not come
      phase: kernel
      nearest line:
        | debian logon:\\u{202e}
      last lines of com1 (76 bytes so far):
        | [    0.0] Linux
        | debian logon:\\u{202e}
        | \\x3a:add-mask::x
        | \\x23\\x23[error] bell
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
  });

  test("nothing printed", async () => {
    const { console } = memoryConsole();
    expect((await rejection(console.expect(/x/, { timeout: 1 }))).message).toMatchInlineSnapshot(`
      "expected /x/ on com1 within 1 ms, but it did not come
      com1 has printed nothing at all
      Does the guest use this line? A Linux kernel needs console=ttyS0 for com1; try the machine's other consoles."
    `);
  });

  test("consumed already", async () => {
    const { console, print } = memoryConsole();
    print("login: ok\n");
    await console.expect("ok");
    expect((await rejection(console.expect("login:", { timeout: 1 }))).message).toMatchInlineSnapshot(`
      "expected "login:" on com1 within 1 ms, but it did not come
      last lines of com1 (10 bytes so far):
        | login: ok
      It was printed before this wait began to look, at byte 0: an earlier expect may have consumed it.
      To look again from the beginning: com1.cursor("start").expect(…)."
    `);
  });

  test("bad arguments are refused at once", () => {
    const { console } = memoryConsole();
    expect(() => console.expect("")).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expect(""): an empty text is everywhere; name what the guest prints]`,
    );
    expect(() => console.expect("é→", { raw: true })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expect("é→", { raw: true }): each character is a byte, U+0000 to U+00FF]`,
    );
    expect(() => console.expect("x", { timeout: "soon" })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: timeout: "soon" is not a duration: write a number with ms, s, m or h, such as 250ms or 5s]`,
    );
  });
});

test("sends text as UTF-8, bytes as they are, and lines with Enter", () => {
  const { console, sent } = memoryConsole();
  console.send("é");
  console.send(Uint8Array.of(3));
  console.sendLine("ls");
  expect(sent).toEqual(["é", "\x03", "ls\r"]);
});

test("cursors never disturb each other, and a wait that failed consumed nothing", async () => {
  const word = fc.stringMatching(/^[ab\n]{1,3}$/);
  const step = fc.oneof(
    fc.record({ print: word }),
    fc.record({ expect: word, on: fc.nat(2), how: fc.constantFrom("literal", "regex", "aborted") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { console, print } = memoryConsole();
      const cursors = [console, console.cursor(), console.cursor("start")];
      const positions = [0, 0, 0];
      let printed = "";
      for (const each of steps) {
        if ("print" in each) {
          print(each.print);
          printed += each.print;
          continue;
        }
        const wanted = each.how === "regex" ? new RegExp(each.expect) : each.expect;
        const signal = each.how === "aborted" ? AbortSignal.abort(new Error("aborted")) : new AbortController().signal;
        const outcome = await cursors[each.on]?.expect(wanted, { timeout: 0, signal }).catch(() => undefined);
        const at = each.how === "aborted" ? -1 : printed.indexOf(each.expect, positions[each.on]);
        expect(outcome?.start).toBe(at < 0 ? undefined : at);
        if (outcome) positions[each.on] = outcome.end;
      }
    }),
    { numRuns: 60 },
  );
});

test("a wait that falls behind lets other work have its turn, and bytes that came in time still count", async () => {
  const { console, print } = memoryConsole();
  const line = `${"\xff".repeat(99)}\n`;
  print(Buffer.from(`${line.repeat(60_000)}done`, "latin1"));
  let turns = 0;
  const count = setInterval(() => turns++, 1);
  const match = await console.expect(/don[e]/, { timeout: 1 });
  clearInterval(count);
  expect(match.start).toBe(line.length * 60_000);
  expect(turns).toBeGreaterThan(3);
});
