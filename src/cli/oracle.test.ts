import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

const panic = "[    2.000000] Kernel panic - not syncing: sysrq triggered crash\n";

test("saved logs: a finding is exit code 1, and each file has a line of its own", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "crashed.log"), `[    1.500000] fine\n${panic}`);
  writeFileSync(join(cwd, "healthy.log"), "[    1.500000] fine\n");
  const { exitCode, stdout } = await runPetri(cwd, ["oracle", "--json", "crashed.log", "healthy.log"]);
  expect(exitCode).toBe(1);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      file: "crashed.log",
      findings: [
        {
          title: "kernel panic: sysrq triggered crash",
          type: "dos",
          os: "linux",
          offset: 20,
          report: panic.trimEnd(),
          corrupted: false,
        },
      ],
    },
    { file: "healthy.log", findings: [] },
  ]);
});

test("logs without a finding are exit code 0", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "healthy.log"), "[    1.500000] fine\n");
  const { exitCode, stdout } = await runPetri(cwd, ["oracle", "healthy.log"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "healthy.log: nothing found\n" });
});

test("for people: the title, where it is, and the first lines, safe to print", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "crashed.log"), `${panic}\u202eabc\n`);
  const { exitCode, stdout } = await runPetri(cwd, ["oracle", "crashed.log"]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatchInlineSnapshot(`
    "crashed.log: 1 finding
      kernel panic: sysrq triggered crash
        linux, dos, byte 0
        | [    2.000000] Kernel panic - not syncing: sysrq triggered crash
        | \\u{202e}abc
    "
  `);
});

test.each([[["oracle"]], [["oracle", "missing.log"]], [["oracle", "."]], [["oracle", "--jsn", "x.log"]]])(
  "%j is a mistake of the user's",
  async (args) => {
    const { exitCode, stderr } = await runPetri(newFolder(), args);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/^petri: /);
  },
);

test("--vmlinux that is not there is a mistake; one that does not help is a note", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "crashed.log"), panic);
  const missing = await runPetri(cwd, ["oracle", "--vmlinux", "vmlinux", "crashed.log"]);
  expect(missing).toMatchObject({ exitCode: 64, stderr: "petri: --vmlinux vmlinux cannot be read\n" });
  const useless = await runPetri(cwd, ["oracle", "--vmlinux", "crashed.log", "crashed.log"]);
  expect(useless.exitCode).toBe(1);
  expect(useless.stderr).toBe("petri: the report has no source lines: crashed.log is no ELF file\n");
});

test("what a guest prints to be obeyed by a terminal or a CI system stays text", async () => {
  const cwd = newFolder();
  const escapes = "\x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b[2J\x9b3J\x00";
  writeFileSync(
    join(cwd, "hostile.log"),
    Buffer.from(`Kernel panic - not syncing: ${escapes}##[error]x <b>\u202e\n::error::y\n##vso[task.complete]z\n`),
  );
  for (const flags of [[], ["--json"]]) {
    const { stdout } = await runPetri(cwd, ["oracle", ...flags, "hostile.log"]);
    expect(stdout).toContain("kernel panic: ");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout).not.toMatch(/^\s*::|##(?:vso)?\[/m);
  }
});
