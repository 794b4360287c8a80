import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localHost } from "../host/local.ts";
import { startTimeOf } from "../host/process-facts.ts";
import type { Detection } from "./contract.ts";
import { probeAccelerator } from "./probe.ts";
import { qemu } from "./qemu/index.ts";

/** A QEMU that does as the script says. */
function fakeQemu(script: string): { detection: Detection; pidFile: string } {
  const dir = mkdtempSync(join(tmpdir(), "petri-probe-"));
  const [binary, pidFile] = [join(dir, "qemu"), join(dir, "pid")];
  writeFileSync(binary, `#!/bin/sh\necho $$ > ${pidFile}\n${script}\n`);
  chmodSync(binary, 0o755);
  return {
    detection: { vmm: "qemu", present: true, binary, notes: [], fixes: [], accelerators: [], firmware: [] },
    pidFile,
  };
}

const limit = { ms: 1000, isLastResort: false, needsLongMode: true };

test("a VMM that never connects is not left behind", async () => {
  const { detection, pidFile } = fakeQemu("exec sleep 60");
  expect(await probeAccelerator(qemu, localHost, detection, "kvm", limit)).toEqual({
    name: "kvm",
    works: false,
    reason: "it opens, but 64-bit guest code did not run within 1000 ms",
  });
  expect(existsSync(pidFile)).toBe(true);
  expect(startTimeOf(Number(readFileSync(pidFile, "utf8")))).toBeUndefined();
});

test("on the last resort that is an error", async () => {
  const { detection } = fakeQemu("exec sleep 60");
  await expect(
    probeAccelerator(qemu, localHost, detection, "tcg", { ...limit, isLastResort: true }),
  ).rejects.toMatchObject({ exitCode: 71, message: expect.stringMatching(/^qemu under tcg ran no guest code within/) });
});

test("a VMM that refuses the accelerator is quoted", async () => {
  const { detection } = fakeQemu("echo 'qemu: could not access KVM' >&2; exit 1");
  expect(await probeAccelerator(qemu, localHost, detection, "kvm", { ...limit, ms: 10_000 })).toEqual({
    name: "kvm",
    works: false,
    reason: "QEMU ended with status 1 before the guest could start; it said: qemu: could not access KVM",
  });
});

test("an interrupted probe ends at once, with the reason", async () => {
  const { detection, pidFile } = fakeQemu("exec sleep 60");
  const controller = new AbortController();
  const probe = probeAccelerator(qemu, localHost, detection, "tcg", {
    ...limit,
    ms: 60_000,
    signal: controller.signal,
  });
  controller.abort(new Error("Ctrl-C"));
  await expect(probe).rejects.toThrow("Ctrl-C");
  if (existsSync(pidFile)) expect(startTimeOf(Number(readFileSync(pidFile, "utf8")))).toBeUndefined();
});
