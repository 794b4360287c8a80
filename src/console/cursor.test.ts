import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimeoutError } from "../machine/errors.ts";
import type { UnexpectedOutput } from "./console.ts";
import { eventAt, memoryConsole, rejection, untimed } from "./test/memory-console.ts";

const hostile = "\x1b]0;owned\x07::add-mask::x\r\n##[error]\u202e<b>\x00\n";

describe("expectAny", () => {
  test("gives the earliest match and which one it is, and consumes it", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectAny(["login: ", /Pass(?<rest>\w+): /, "login"]);
    print("debian Pass");
    print("word: login: ");
    expect(await wait).toEqual({
      ...{ index: 1, text: "Password: ", groups: { rest: "word" }, captures: ["word"] },
      ...{ start: 7, end: 17, before: "debian " },
    });
    expect(await console.expectAny(["login", "login: "])).toMatchObject({ index: 0, start: 17 });
    expect(await console.expectAny(["x", ": "])).toMatchObject({ index: 1, start: 22 });
  });

  test("at a prompt, silence decides for what is there", async () => {
    const { console, print } = memoryConsole({ timeoutMs: 60_000 });
    print("log");
    expect(await console.expectAny(["login", "log"])).toMatchObject({ index: 1, text: "log" });
    print("\r\n# ");
    expect(await console.expectAny([/\$ $/, /# $/])).toMatchObject({ index: 1 });
  });

  test("one that timed out consumed nothing, and says what came near each of them", async () => {
    const { console, print } = memoryConsole({ phase: "phase: login" });
    print(`debian logon: \nPassword?\n${hostile}`);
    const error = await rejection(console.expectAny(["debian login: ", /Password: $/], { timeout: 20 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatchInlineSnapshot(`
      "expected any of "debian login: ", /Password: $/ on com1 within 20 ms, but it did not come
      phase: login
      nearest lines:
        | debian logon: 
        | Password?
      last lines of com1 (67 bytes so far):
        | debian logon:
        | Password?
        | \\x3a:add-mask::x
        | \\x23\\x23[error]\\u{202e}<b>
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
    expect(await console.expect("debian")).toMatchObject({ start: 0 });
  });

  test("an empty list is refused", () => {
    const { console } = memoryConsole();
    expect(() => console.expectAny([])).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expectAny needs a list of at least one text or regular expression]`,
    );
    expect(() => console.expectAny(["a", ""])).toThrow(/an empty text is everywhere/);
  });
});

describe("expectLines", () => {
  test("gives each match, and consumes up to the end of the last line", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expectLines(["link up", /^inet (?<ip>\S+)/]);
    print("booting\r\nlink up\r\nmtu 1500\r\ninet 10.0.2.15 brd\r\nready\r\n");
    const [up, inet, ...more] = await wait;
    expect(up).toMatchObject({ text: "link up", start: 9, before: "booting\n" });
    expect(inet).toMatchObject({ text: "inet 10.0.2.15", groups: { ip: "10.0.2.15" }, before: "mtu 1500\n" });
    expect(more).toEqual([]);
    expect(await console.expect(/^./)).toMatchObject({ text: "r" });
  });

  test("blank lines are lines, one after another", async () => {
    const { console, print } = memoryConsole();
    print("a\n\n\nb\n");
    const [first] = await console.expectLines([""]);
    const [second] = await console.expectLines([""]);
    expect([first?.start, second?.start]).toEqual([2, 3]);
    await expect(console.expectLines([""], { timeout: 5 })).rejects.toThrow(TimeoutError);
    expect(await console.expectLines(["b"])).toHaveLength(1);
  });

  test("the rest of a line that was consumed in part is no line", async () => {
    const { console, print } = memoryConsole();
    print("a: ok\nok\n");
    await console.expect("a: ");
    expect(await console.expectLines(["ok"])).toMatchObject([{ start: 6 }]);
  });

  test("the last line need not end, once the guest is silent", async () => {
    const { console, print } = memoryConsole({ timeoutMs: 60_000 });
    print("up\nlogin: ");
    expect(await console.expectLines(["up", /login: $/], { consecutive: true })).toHaveLength(2);
  });

  test("one that timed out consumed nothing, and says how far it came", async () => {
    const { console, print } = memoryConsole();
    print("one\ntwoo\nthree\n");
    const error = await rejection(console.expectLines(["one", "two", /^three$/], { timeout: 20 }));
    expect(error.message).toMatchInlineSnapshot(`
      "expected the lines "one", "two", /^three$/ on com1 within 20 ms, but they did not come
      1 of the 3 lines came; missing: "two", /^three$/
      nearest lines:
        | twoo
        | three
      last lines of com1 (15 bytes so far):
        | one
        | twoo
        | three
      If the guest is only slow, give the wait more time: { timeout: "2m" }."
    `);
    const other = await rejection(console.expectLines(["one", "three"], { consecutive: true, timeout: 5 }));
    expect(other.message).toContain('\n1 of the 2 lines came, but then "twoo" instead of "three"\n');
    expect(await console.expectLines(["one", "three"])).toHaveLength(2);
  });

  test("options that exclude each other, and texts of several lines, are refused", () => {
    const { console } = memoryConsole();
    expect(() => console.expectLines(["a"], { consecutive: true, ordered: false })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expectLines: consecutive lines come in the order given; leave out ordered: false]`,
    );
    expect(() => console.expectLines(["a\nb"])).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expectLines: "a\\nb" is more than one line; give each line by itself]`,
    );
    expect(() => console.expectLines([])).toThrow(/needs a list/);
  });
});

describe("tolerateKernelMessages", () => {
  const split = "debian log[   12.345678] eth0: up\r\nin: ";

  test("looks past kernel lines in the middle of what is awaited", async () => {
    const { console, print } = memoryConsole();
    const wait = console.expect("login: ", { tolerateKernelMessages: true });
    for (const byte of Buffer.from(split)) print(Buffer.of(byte));
    expect(await wait).toMatchObject({ text: "login: ", start: 7, end: split.length, before: "debian " });
  });

  test("a timeout without it says that it would have found it", async () => {
    const { console, print } = memoryConsole();
    print(split);
    expect((await rejection(console.expect("login: ", { timeout: 20 }))).message).toMatchInlineSnapshot(`
      "expected "login: " on com1 within 20 ms, but it did not come
      nearest line:
        | debian log[   12.345678] eth0: up
      last lines of com1 (39 bytes so far):
        | debian log[   12.345678] eth0: up
        | in:
      It did come, at byte 7, but kernel messages stand in it.
      To look past them: { tolerateKernelMessages: true }."
    `);
    console.end(new Error("the guest powered off (acpi-s5)"));
    const ended = untimed((await rejection(console.expect(/login: /))).message);
    expect(ended).toContain("waiting for /login: / on com1\nwaited TIME\n");
    expect(ended).toMatch(/kernel messages stand in it\.\nTo look past them/);
  });

  test("a prompt that ends as a kernel line begins is found once the guest is silent", async () => {
    const { console, print } = memoryConsole({ timeoutMs: 60_000 });
    print("level [ 1");
    expect(await console.expect("level [ 1", { tolerateKernelMessages: true })).toMatchObject({ start: 0 });
    print(" of 2] <");
    expect(await console.expectAny([/\d\] <$/], { tolerateKernelMessages: true })).toMatchObject({ index: 0 });
  });

  test("silence in the middle of a kernel line changes nothing", async () => {
    const { console, print } = memoryConsole({ timeoutMs: 60_000 });
    const wait = console.expect("login: ", { tolerateKernelMessages: true });
    for (const part of ["log[   12", ".3456", "78] eth0", ": up\r", "\n", "in: "]) {
      print(part);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect((await wait).text).toBe("login: ");
  });
});

test("cursors never disturb each other, and a wait that failed consumed nothing, whatever the waits", async () => {
  const word = fc.stringMatching(/^[ab]{1,2}$/);
  const step = fc.oneof(
    fc.record({ print: fc.stringMatching(/^[ab\n]{1,4}$/) }),
    fc.record({ words: fc.tuple(word, word), on: fc.nat(2), how: fc.constantFrom("any", "lines", "not") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
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
        const cursor = cursors[each.on];
        const from = positions[each.on] ?? 0;
        const places = each.words.map((wanted) => printed.indexOf(wanted, from));
        if (each.how === "any") {
          const found = await cursor?.expectAny(each.words, { timeout: 0 }).catch(() => undefined);
          const first = Math.min(...places.filter((place) => place >= 0));
          expect(found?.start).toBe(first === Number.POSITIVE_INFINITY ? undefined : first);
          if (found) positions[each.on] = found.end;
        } else if (each.how === "not") {
          const outcome = await cursor?.expectNot(each.words[0], { during: 0 }).then(
            () => undefined,
            (error: unknown) => (error as UnexpectedOutput).match.start,
          );
          expect(outcome).toBe(places[0] === -1 ? undefined : places[0]);
        } else {
          const found = await cursor?.expectLines([each.words[0]], { timeout: 0 }).catch(() => undefined);
          const lines = [...printed.matchAll(/^.+$/gm)].filter(
            ({ index, 0: line }) => index >= from && line === each.words[0],
          );
          expect(found?.[0]?.start).toBe(lines[0]?.index);
          const end = found?.[0]?.end ?? 0;
          if (found) positions[each.on] = printed[end] === "\n" ? end + 1 : end;
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("at its deadline, a match of no characters at the end of what came counts", async () => {
  const { console, print } = memoryConsole();
  expect(await console.expect(/x|$/, { timeout: 5 })).toMatchObject({ start: 0, text: "" });
  print("a");
  expect(await console.expectAny(["b", /x|$/], { timeout: 5 })).toMatchObject({ index: 1, start: 1 });
});

test("after an event, only what came after it counts, for every kind of wait", async () => {
  const { console, print } = memoryConsole();
  print("ready\nready\n");
  await console.expect("ready\nready");
  const after = { after: eventAt(6) };
  expect(await console.cursor("now").expectAny(["ready"], after)).toMatchObject({ start: 6 });
  expect(await console.cursor("now").expectLines(["ready"], after)).toMatchObject([{ start: 6 }]);
  await expect(console.cursor("now").expectNot("ready", { ...after, during: 5 })).rejects.toThrow(/at byte 6/);
});
