import { expect, test } from "vitest";
import { splitShell } from "./shell-words.ts";

const words = (text: string) => splitShell(text).map((command) => command.words.map((word) => word.text));

test.each([
  ["a  b\tc", [["a", "b", "c"]]],
  [`a "b c" 'd "e' f\\ g ""`, [["a", "b c", 'd "e', "f g", ""]]],
  [`a "b \\" \\$ \\\\ \\x"`, [["a", 'b " $ \\ \\x']]],
  ["a \\\n b", [["a", "b"]]],
  ["a b # c", [["a", "b"]]],
  ["a b#c", [["a", "b#c"]]],
  ["a 2>&1 >>log b | c && d; e &", [["a", "b"], ["c"], ["d"], ["e"]]],
  ["a2>x", [["a2"]]],
  ["a 2>x", [["a"]]],
  ["a $B \x24{C:-d e} $(f 'g' (h)) `i j` $'k'", [["a", "$B", "\x24{C:-d e}", "$(f 'g' (h))", "`i j`", "k"]]],
  ["a -append 'x=\"1 2\"'", [["a", "-append", 'x="1 2"']]],
])("%s", (text, expected) => {
  expect(words(text)).toEqual(expected);
});

test("what holds a variable is marked, redirections and operators are kept", () => {
  expect(splitShell('qemu "$X/a" b 2>&1 | tee log')).toEqual([
    {
      words: [
        { text: "qemu", isOpen: false },
        { text: "$X/a", isOpen: true },
        { text: "b", isOpen: false },
      ],
      redirections: ["2>&1"],
      operator: "|",
    },
    {
      words: [
        { text: "tee", isOpen: false },
        { text: "log", isOpen: false },
      ],
      redirections: [],
      operator: "",
    },
  ]);
});

test("a quote that does not end is refused", () => {
  expect(() => splitShell("a 'b c")).toThrow(/unterminated quote: 'b c/);
  expect(() => splitShell("a $(b c")).toThrow(/unterminated command substitution/);
});

test("in PowerShell a backslash stands for itself", () => {
  expect(splitShell(".\\openvmm.exe --disk C:\\a.vhdx", "windows")[0]?.words.map(({ text }) => text)).toEqual([
    ".\\openvmm.exe",
    "--disk",
    "C:\\a.vhdx",
  ]);
});
