import fc from "fast-check";
import { expect, test } from "vitest";
import { EscapeKeys } from "./attach.ts";

function keys() {
  const done: string[] = [];
  const typed: Buffer[] = [];
  const escapeKeys = new EscapeKeys({
    quit: () => done.push("quit"),
    reset: () => done.push("reset"),
    togglePause: () => done.push("pause"),
    type: (bytes) => typed.push(Buffer.from(bytes)),
    say: (line) => done.push(line),
  });
  return {
    push: (text: string) => escapeKeys.push(Buffer.from(text)),
    done,
    typed: () => Buffer.concat(typed).toString(),
  };
}

test("what is typed reaches the guest, Ctrl-C and Ctrl-D too", () => {
  const { push, done, typed } = keys();
  push("ls\r\x03\x04é");
  expect(typed()).toBe("ls\r\x03\x04é");
  expect(done).toEqual([]);
});

test("the escape key's commands do not", () => {
  const { push, done, typed } = keys();
  push("a\x1drb\x1dp\x1d");
  push("Qc");
  expect(typed()).toBe("abc");
  expect(done).toEqual(["reset", "pause", "quit"]);
});

test("twice is once for the guest; anything else shows the help", () => {
  const { push, done, typed } = keys();
  push("\x1d\x1d\x1d?");
  expect(typed()).toBe("\x1d");
  expect(done).toEqual(["Ctrl-] then: q quits, r resets, p pauses or resumes, Ctrl-] types itself, ? shows this"]);
});

test("pieces make no difference", () => {
  const letters = fc.array(fc.constantFrom("\x1d", "q", "r", "a", "?"), { maxLength: 20 });
  fc.assert(
    fc.property(letters, (letters) => {
      const [whole, cut] = [keys(), keys()];
      whole.push(letters.join(""));
      for (const letter of letters) cut.push(letter);
      expect([cut.done, cut.typed()]).toEqual([whole.done, whole.typed()]);
    }),
  );
});
