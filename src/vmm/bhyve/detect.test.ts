import { chmodSync, copyFileSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { localHost } from "../../host/local.ts";
import { machineSchema } from "../../machine/machine.ts";
import { detectBhyve } from "./detect.ts";
import { bhyve } from "./index.ts";

const doubles = fileURLToPath(new URL("../../../fixtures/vmms", import.meta.url));

/** A folder with programs that say nothing. */
function folderWith(...programs: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-bhyve-"));
  for (const name of programs) {
    writeFileSync(join(folder, name), "#!/bin/sh\nexit 1\n");
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** A FreeBSD of that release on which only the folder's programs are, and vmm(4) as said. */
function freebsd(folder: string, release: string, hasVmm: boolean): Host {
  return {
    ...localHost,
    platform: "freebsd",
    which: (program) => localHost.which(program.includes("/") ? program : join(folder, program)),
    readable: (path) => (path.startsWith("/dev/vmm") ? hasVmm : localHost.readable(path)),
    run: async (file) => ({ stdout: Buffer.from(file === "uname" ? `${release}\n` : ""), stderr: "" }),
  };
}

const detect = (host: Host, named?: string) => detectBhyve(bhyve, host, { overrides: { bhyve: named } });

test("on another operating system it is absent, with the one it needs", async () => {
  const host = { ...localHost, which: () => undefined };
  expect(await detect(host)).toMatchObject({
    ...{ present: false, needsHost: "FreeBSD", notes: ["bhyve needs a FreeBSD host"], fixes: [] },
  });
});

test("one that is named and not there is absent, with what to do", async () => {
  expect(await detect(localHost, "/nowhere/bhyve")).toMatchObject({
    present: false,
    notes: ["/nowhere/bhyve, named by PETRI_BHYVE, is not a program"],
    fixes: ["set PETRI_BHYVE to bhyve's path, or unset it"],
  });
});

test("a FreeBSD without it, one that is too old, and one without its tools say what is missing", async () => {
  expect(await detect(freebsd(folderWith(), "14.2-RELEASE", true))).toMatchObject({
    ...{ present: false, notes: ["bhyve is not on PATH"] },
  });
  const folder = folderWith("bhyve");
  const tooOld = await detect(freebsd(folder, "12.4-RELEASE", true));
  expect(tooOld).toMatchObject({
    ...{ present: false, version: "12.4", binary: join(folder, "bhyve") },
    notes: ["FreeBSD 12.4 is too old: 13.0 is the oldest that works"],
  });
  expect(bhyve.support(machineSchema.parse({ boot: { kind: "uefi", firmware: "/f.fd" } }), tooOld)).toEqual([
    { axis: "vmm", reason: "bhyve is not usable here: FreeBSD 12.4 is too old: 13.0 is the oldest that works" },
  ]);
  expect(await detect(freebsd(folder, "14.2-RELEASE", true))).toMatchObject({
    ...{ present: false, notes: ["bhyvectl is not beside bhyve"] },
  });
});

test("without a right to vmm(4), or without it, bhyve is of no use", async () => {
  const host = freebsd(folderWith("bhyve", "bhyvectl"), "14.2-RELEASE", false);
  expect(await detect(host)).toMatchObject({
    ...{ present: false, version: "14.2", notes: ["/dev/vmm is not there or not ours to use"] },
    fixes: ["kldload vmm, and run as root"],
  });
});

test("with nothing to boot by it is there, and runs nothing", async () => {
  const host = freebsd(folderWith("bhyve", "bhyvectl"), "14.2-RELEASE-p3", true);
  expect(await detect(host)).toMatchObject({
    ...{ present: true, version: "14.2", firmware: [] },
    accelerators: [{ name: "bhyve-vmm", works: false, reason: "there is nothing to boot a guest with" }],
    notes: ["grub-bhyve is not here: no kernel can be booted directly", "no UEFI firmware found"],
    fixes: ["pkg install grub2-bhyve", "pkg install edk2-bhyve"],
  });
});

test("firmware that is named and cannot be read stands in no other's place", async () => {
  const host = freebsd(folderWith("bhyve", "bhyvectl"), "14.2-RELEASE", true);
  const overrides = { uefiCode: "/nowhere/CODE.fd" };
  const detection = await detectBhyve(bhyve, host, { overrides });
  expect(detection).toMatchObject({ unreadable: ["PETRI_UEFI_CODE=/nowhere/CODE.fd"], firmware: [] });
  expect(bhyve.support(machineSchema.parse({ boot: { kind: "uefi" } }), detection)).toEqual([
    {
      axis: "boot",
      reason: "PETRI_UEFI_CODE=/nowhere/CODE.fd cannot be read: name UEFI firmware that is there, or unset it",
    },
  ]);
});

test("a program that ends by itself is no bhyve: what it said is the reason", async () => {
  const folder = folderWith("bhyve", "bhyvectl");
  writeFileSync(join(folder, "bhyve"), "#!/bin/sh\necho 'vm_create: Operation not permitted' >&2\nexit 4\n");
  copyFileSync(join(doubles, "petri-double.json"), join(folder, "petri-double.json"));
  writeFileSync(join(folder, "grub-bhyve"), "#!/bin/sh\nexit 0\n");
  chmodSync(join(folder, "grub-bhyve"), 0o755);
  expect((await detect(localHost, join(folder, "bhyve"))).accelerators).toEqual([
    {
      ...{ name: "bhyve-vmm", works: false },
      reason: "bhyve ended with status 4; vm_create: Operation not permitted",
    },
  ]);
});

test("a loader that fails is told with its command and its words", async () => {
  const folder = folderWith("grub-bhyve");
  for (const name of ["bhyve", "bhyvectl", "petri-double.json"]) symlinkSync(join(doubles, name), join(folder, name));
  writeFileSync(join(folder, "grub-bhyve"), "#!/bin/sh\necho 'Could not create VM' >&2\nexit 1\n");
  const [finding] = (await detect(localHost, join(folder, "bhyve"))).accelerators;
  expect(finding).toMatchObject({ works: false });
  expect(finding?.reason).toMatch(
    /^\S+\/grub-bhyve ended with status 1 command: \S+\/grub-bhyve -M 64M .* stderr: Could not create VM$/,
  );
});
