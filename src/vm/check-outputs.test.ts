import { linkSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { parseMachine } from "../machine/validate.ts";
import { outputProblems } from "./check-outputs.ts";

function folder() {
  const dir = mkdtempSync(join(tmpdir(), "petri-outputs-"));
  const disk = join(dir, "disk.raw");
  writeFileSync(disk, "precious");
  symlinkSync(disk, join(dir, "symbolic"));
  linkSync(disk, join(dir, "hard"));
  return { dir, disk };
}

function machine(disk: string, consoles: Record<string, string> = {}) {
  return parseMachine({ boot: { kind: "pcat" }, disks: [{ file: disk }], consoles });
}

test("a console's file that is a disk by another spelling or a link is found", () => {
  const { dir, disk } = folder();
  const others = [`${dir}/./disk.raw`, relative(process.cwd(), disk), join(dir, "symbolic"), join(dir, "hard")];
  for (const file of others) {
    expect(outputProblems(machine(disk, { com2: `file=${file}` }))).toEqual([
      { path: ["consoles", "com2"], message: `${file} is part of the machine and would be overwritten` },
    ]);
  }
  expect(readFileSync(disk, "utf8")).toBe("precious");
});

test("two outputs on one file that is not there yet are found", () => {
  const { dir, disk } = folder();
  const found = outputProblems(machine(disk, { com2: `file=${dir}/new` }), [
    { at: ["--pidfile"], file: `${dir}//new` },
  ]);
  expect(found).toEqual([
    { path: ["--pidfile"], message: `${dir}//new is already written by consoles.com2: choose another` },
  ]);
});

test("files of their own and devices are fine", () => {
  const { dir, disk } = folder();
  const consoles = { com1: `file=${dir}/a`, com2: `file=${dir}/b`, com3: "file=/dev/null" };
  expect(outputProblems(machine(disk, consoles), [{ at: ["--pidfile"], file: "/dev/null" }])).toEqual([]);
});
