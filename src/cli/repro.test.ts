import { appendFileSync, copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

const builtKernel = fileURLToPath(new URL("../../fixtures/petri-guest/built/petri-guest.elf", import.meta.url));

/** A folder with the record of a VM that booted a kernel of its own. */
async function recorded(): Promise<{ cwd: string; kernel: string }> {
  const cwd = newFolder();
  const kernel = join(cwd, "own.elf");
  copyFileSync(builtKernel, kernel);
  const boot = ["boot", "--kernel", kernel, "--vmm", "v86", "--memory", "32M", "--trace", "record"];
  expect(await runPetri(cwd, [...boot, "--quiet", "--expect", "ready"])).toMatchObject({ exitCode: 0 });
  return { cwd, kernel };
}

test("the same machine runs again, where it ran", async () => {
  const { cwd } = await recorded();
  const { exitCode } = await runPetri(cwd, ["repro", "record", "--expect", "ready", "--trace", "again"]);
  expect(exitCode).toBe(0);
  for (const file of ["machine.json", "placement.json"]) {
    expect(readFileSync(join(cwd, "again", file), "utf8")).toBe(readFileSync(join(cwd, "record", file), "utf8"));
  }
});

test("a file that has changed since is refused, unless told to boot anyway", async () => {
  const { cwd, kernel } = await recorded();
  appendFileSync(kernel, "x");
  const { exitCode, stderr } = await runPetri(cwd, ["repro", "record", "--expect", "ready"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain(`${kernel} has changed`);
  expect(stderr).toContain("petri repro record --anyway");
  expect(await runPetri(cwd, ["repro", "record", "--anyway", "--quiet", "--expect", "ready"])).toMatchObject({
    exitCode: 0,
  });
});

test("a file that is gone is named", async () => {
  const { cwd, kernel } = await recorded();
  rmSync(kernel);
  const { exitCode, stderr } = await runPetri(cwd, ["repro", "record"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain(`${kernel} is gone`);
});
