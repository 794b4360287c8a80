import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { elfSymbols } from "./elf-symbols.ts";
import { symbolise } from "./sources.ts";

afterEach(() => vi.unstubAllEnvs());

const dir = mkdtempSync(join(tmpdir(), "petri-sources-"));
const source = join(dir, "demo.c");
const program = join(dir, "demo");
writeFileSync(source, "int demo_null(int x)\n{\n  return x * 3;\n}\nint main(void)\n{\n  return demo_null(1);\n}\n");
const hasTools = ["gcc", "addr2line"].every((tool) => existsSync(`/usr/bin/${tool}`));
if (hasTools) execFileSync("gcc", ["-g", "-O0", "-no-pie", "-o", program, source]);

const size = () =>
  `0x${elfSymbols(program, new Set(["demo_null"]))
    .get("demo_null")?.[0]
    ?.size.toString(16)}`;
const report = (symbolSize: string) =>
  [
    "BUG: kernel NULL pointer dereference, address: 0000000000000010",
    `RIP: 0010:demo_null+0x0/${symbolSize}`,
    ` demo_null+0x8/${symbolSize}`,
    " other_fn+0x1/0x2",
    ` demo_null+0x8/${symbolSize} [demo]`,
  ].join("\n");

test.runIf(hasTools)("frames get their source lines; modules and unknown functions stay as they are", () => {
  const { report: told, note } = symbolise(report(size()), program);
  expect(note).toBeUndefined();
  const lines = told.replaceAll(dir, "DIR").split("\n");
  expect(lines[1]).toBe(`RIP: 0010:demo_null+0x0/${size()} DIR/demo.c:2`);
  expect(lines[2]).toMatch(/ demo_null\+0x8\/0x\w+ DIR\/demo\.c:[23]$/);
  expect(lines.slice(3)).toEqual([" other_fn+0x1/0x2", ` demo_null+0x8/${size()} [demo]`]);
});

test.runIf(hasTools)("without addr2line, debug information or known functions there is a note, and the report", () => {
  const bare = join(dir, "bare");
  execFileSync("gcc", ["-no-pie", "-o", bare, source]);
  expect(symbolise(report("0x1"), bare)).toEqual({ report: report("0x1"), note: `${bare} has no debug information` });
  expect(symbolise(" nobody+0x1/0x2", program).note).toBe(`${program} knows none of the report's functions`);
  vi.stubEnv("PATH", dir);
  expect(symbolise(report("0x1"), program).note).toContain("addr2line is missing; install binutils");
});

test("a file that is no ELF, or is gone, is a note", () => {
  writeFileSync(join(dir, "text"), "no kernel at all, but long enough to have a header of sixty-four bytes");
  expect(symbolise(report("0x1"), join(dir, "text")).note).toContain("is no ELF file");
  expect(symbolise(report("0x1"), join(dir, "gone")).note).toContain("ENOENT");
});
