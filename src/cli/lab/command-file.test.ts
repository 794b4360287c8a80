import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newFolder } from "../test/run-petri.ts";
import { commandFile, type LabCommand } from "./command-file.ts";

/** Any bytes a process can be given: all but NUL, and often those that shells read as something else. */
const word = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(...Buffer.from("'\"\\$`\n !*?~#;&|<>()=-"))), {
    maxLength: 20,
  })
  .map((bytes) => Buffer.from(bytes));

const bytes = (...words: string[]) => words.map((each) => Buffer.from(each));
const shells = ["sh", "bash"].filter((shell) => spawnSync(shell, ["-c", ":"]).status === 0);

function run(shell: string, command: Partial<LabCommand>) {
  const file = join(newFolder(), "command");
  writeFileSync(file, commandFile({ argv: bytes("true"), env: new Map(), folder: "/", ...command }));
  return spawnSync(shell, [file], { env: { PATH: process.env.PATH } });
}

test.each(shells)("%s passes every argument on, byte for byte", (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const { stdout, stderr } = run(shell, { argv: [...bytes("/usr/bin/printf", "%s\\0"), ...words] });
      expect(stderr.toString()).toBe("");
      expect(stdout.toString("hex")).toBe(words.map((each) => `${each.toString("hex")}00`).join(""));
    }),
    { numRuns: 60 },
  );
});

test.each(shells)("%s sets every variable to its bytes, and no more", (shell) => {
  fc.assert(
    fc.property(word, (value) => {
      const env = new Map([["PETRI_VALUE", value]]);
      const { stdout } = run(shell, { argv: bytes("/usr/bin/env", "-0"), env });
      const at = stdout.indexOf("PETRI_VALUE=");
      expect(stdout.subarray(at, stdout.indexOf(0, at)).toString("hex")).toBe(
        Buffer.concat([...bytes("PETRI_VALUE="), value]).toString("hex"),
      );
    }),
    { numRuns: 30 },
  );
});

test.each(shells)("%s starts it in its folder, and a command that is not there is 127", (shell) => {
  const folder = join(newFolder(), "it's a\n-folder");
  mkdirSync(folder);
  expect(run(shell, { argv: bytes("pwd"), folder }).stdout.toString()).toBe(`${folder}\n`);
  expect(run(shell, { argv: bytes("/nowhere/at all") }).status).toBe(127);
  expect(run(shell, { folder: join(folder, "gone") }).status).toBe(126);
});
