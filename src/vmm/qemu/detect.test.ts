import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localHost } from "../../host/local.ts";
import { machineSchema } from "../../machine/machine.ts";
import { detectQemu } from "./detect.ts";
import { qemu } from "./index.ts";

/** A program that is called as QEMU would be. */
function program(script: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "petri-qemu-")), "qemu");
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const detect = (path: string) => detectQemu(qemu, localHost, { overrides: { qemu: path } });

test("one that is not there is absent, with what to do", async () => {
  expect(await detect("/nowhere/qemu")).toMatchObject({
    present: false,
    notes: ["/nowhere/qemu, named by PETRI_QEMU, is not a program"],
    fixes: ["set PETRI_QEMU to QEMU's path, or unset it"],
  });
});

test.each([
  ["answers something else", "#!/bin/sh\necho 'GNU bash, version 5.2'\n"],
  ["fails", "#!/bin/sh\nexit 1\n"],
  ["is no program at all", "\x7fELF nonsense"],
  ["names a version that is none", "#!/bin/sh\necho 'QEMU emulator version git'\n"],
])("one that %s is absent, with what to do", async (_, script) => {
  const path = program(script);
  expect(await detect(path)).toMatchObject({
    present: false,
    binary: path,
    notes: [`${path} does not answer --version as QEMU does`],
    fixes: ["set PETRI_QEMU to QEMU's path, or unset it"],
  });
});

test.each(["5.0.0", "6.1.1", "4.2"])("%s is too old, and the refusal says what to do", async (version) => {
  const detection = await detect(program(`#!/bin/sh\necho "QEMU emulator version ${version} (Debian)"\n`));
  expect(detection).toMatchObject({ present: false, version, accelerators: [] });
  const machine = machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" } });
  expect(qemu.support(machine, detection)).toEqual([
    {
      axis: "vmm",
      reason: `QEMU is not usable here: QEMU ${version} is too old: 6.2 is the oldest that works; install a newer qemu-system-x86, or set PETRI_QEMU to one`,
    },
  ]);
});
