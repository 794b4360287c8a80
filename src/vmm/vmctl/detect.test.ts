import { chmodSync, copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { localHost } from "../../host/local.ts";
import { HostError } from "../../machine/errors.ts";
import { detectVmctl } from "./detect.ts";
import { vmctl } from "./index.ts";

const doubles = fileURLToPath(new URL("../../../fixtures/vmms", import.meta.url));

/** An OpenBSD of that release, whose vmctl fails with these words, if any. */
function openbsd(release: string, { says, hasBios = true }: { says?: string; hasBios?: boolean } = {}): Host {
  return {
    ...localHost,
    platform: "openbsd" as NodeJS.Platform,
    which: () => "/usr/sbin/vmctl",
    readable: (path) => path === "/etc/firmware/vmm-bios" && hasBios,
    run: async (file) => {
      if (file !== "uname" && says !== undefined) throw new HostError(`${file} ended with status 1\n  stderr: ${says}`);
      return { stdout: Buffer.from(file === "uname" ? `${release}\n` : ""), stderr: "" };
    },
  };
}

const detect = (host: Host, named?: string) => detectVmctl(vmctl, host, { overrides: { vmctl: named } });

test("on another operating system it is absent, even if some program has its name", async () => {
  expect(await detect({ ...localHost, which: () => "/usr/bin/vmctl" })).toMatchObject({
    ...{ present: false, needsHost: "OpenBSD", notes: ["vmctl needs an OpenBSD host"] },
  });
});

test("one that is named and not there is absent, with what to do", async () => {
  expect(await detect(localHost, "/nowhere/vmctl")).toMatchObject({
    notes: ["/nowhere/vmctl, named by PETRI_VMCTL, is not a program"],
    fixes: ["set PETRI_VMCTL to vmctl's path, or unset it"],
  });
});

test.each([
  ["too old", openbsd("6.2"), "OpenBSD 6.2 is too old: 6.3 is the oldest that works"],
  [
    "not ours",
    openbsd("7.6", { says: "vmctl: connect: /var/run/vmd.sock: Permission denied" }),
    "/var/run/vmd.sock is not ours to use",
  ],
  [
    "not running",
    openbsd("7.6", { says: "vmctl: connect: /var/run/vmd.sock: No such file or directory" }),
    "vmd does not run",
  ],
  ["wedged", openbsd("7.6", { says: "vmctl did not end within 10000 ms" }), "vmd does not answer"],
  [
    "another program",
    openbsd("7.6", { says: "Usage: vmctl [options]" }),
    "/usr/sbin/vmctl does not answer as OpenBSD's vmctl does: /usr/sbin/vmctl ended with status 1",
  ],
])("a vmd that is %s says so", async (_, host, note) => {
  expect(await detect(host)).toMatchObject({ present: false, notes: [note], accelerators: [] });
});

test("without its BIOS it is there, and runs nothing", async () => {
  expect(await detect(openbsd("7.4", { hasBios: false }))).toMatchObject({
    ...{ present: true, version: "7.4", firmware: [], fixes: ["fw_update vmm"] },
    accelerators: [{ name: "vmm", works: false, reason: "/etc/firmware/vmm-bios is not there" }],
  });
});

test("a vmctl that starts nothing is told with its words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "petri-vmctl-"));
  copyFileSync(join(doubles, "petri-double.json"), join(folder, "petri-double.json"));
  const script = `case $1 in
    status) echo '   ID   PID VCPUS  MAXMEM  CURMEM     TTY        OWNER    STATE NAME';;
    start) echo 'vmctl: start vm command failed: Cannot allocate memory' >&2; exit 1;;
  esac`;
  writeFileSync(join(folder, "vmctl"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "vmctl"), 0o755);
  expect((await detect(localHost, join(folder, "vmctl"))).accelerators).toEqual([
    {
      ...{ name: "vmm", works: false },
      reason: "vmctl did not start the VM; vmctl: start vm command failed: Cannot allocate memory",
    },
  ]);
});
