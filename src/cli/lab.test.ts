import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { commandFile } from "./lab/command-file.ts";
import { newFolder, runPetri } from "./test/run-petri.ts";

test.each([
  ["no command", ["lab"], "the command is missing: petri lab -- CMD [ARGS...]"],
  ["nothing after --", ["lab", "--"], "the command is missing"],
  ["a command without --", ["lab", "uname"], "the command is missing"],
  ["words on both sides", ["lab", "x", "--", "uname"], '"x" stands before --'],
  ["a command that is an option", ["lab", "--", "-x"], "the command -x would be an option: write ./-x"],
  ["a small memory", ["lab", "--memory", "64M", "--", "true"], "--memory 64M is not accepted: write a size from 512M"],
  ["no processors", ["lab", "--processors", "0", "--", "true"], "--processors 0 is not accepted"],
  ["a time that is none", ["lab", "--timeout", "soon", "--", "true"], "--timeout soon is not accepted"],
  ["a variable that is not set", ["lab", "--env", "PETRI_NO_SUCH", "--", "true"], "--env PETRI_NO_SUCH: it is not set"],
  [
    "a name that is none",
    ["lab", "--env", "1=2", "--", "true"],
    '--env "1=2" is not accepted: write NAME or NAME=VALUE',
  ],
])("%s is refused before anything is started", async (_what, args, said) => {
  const cwd = newFolder();
  const { exitCode, stderr, stdout } = await runPetri(cwd, args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toContain(said);
});

test("all at once", async () => {
  const args = ["lab", "--memory", "x", "--processors", "x", "--timeout", "x", "--", "true"];
  const { stderr } = await runPetri(newFolder(), args);
  expect(stderr.match(/is not accepted/g)).toHaveLength(3);
});

const ownBytes = fileURLToPath(new URL("../../dist/cli/lab/own-bytes.js", import.meta.url));

test("the words of a command line are what the kernel has, not what Node made of them", async () => {
  const folder = newFolder();
  const script = join(folder, "words.mjs");
  writeFileSync(
    script,
    `import { labEnvironment, rawWords } from ${JSON.stringify(ownBytes)};
     const words = rawWords(process.argv.slice(3)).map((word) => word.toString("hex"));
     console.log(JSON.stringify([...words, labEnvironment(["ODD", "A=b=c"]).get("ODD").toString("hex")]));`,
  );
  const hostile = [Buffer.of(0xff, 0x0a, 0xc3), Buffer.from("--"), Buffer.alloc(0), Buffer.from("ä'")];
  const argv = [process.execPath, script, "first"].map((word) => Buffer.from(word));
  const env = new Map([["ODD", Buffer.of(0xfe, 0x20)]]);
  writeFileSync(join(folder, "run"), commandFile({ argv: [...argv, ...hostile], env, folder }));
  const { stdout } = await execa("sh", [join(folder, "run")]);
  expect(JSON.parse(stdout)).toEqual([...hostile.map((word) => word.toString("hex")), "fe20"]);
});
