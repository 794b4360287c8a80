import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { localHost } from "../host/local.ts";
import { newFolder, runPetri } from "./test/run-petri.ts";

const builtGuest = fileURLToPath(new URL("../../fixtures/petri-guest/built/", import.meta.url));

/** A folder with the files the cases name. */
function folder(): string {
  const cwd = newFolder();
  copyFileSync(join(builtGuest, "petri-guest.img"), join(cwd, "disk.raw"));
  copyFileSync(join(builtGuest, "petri-guest.img"), join(cwd, "wrong.qcow2"));
  copyFileSync(join(builtGuest, "petri-guest.efi"), join(cwd, "guest.efi"));
  copyFileSync(join(builtGuest, "petri-guest.elf"), join(cwd, "guest.elf"));
  writeFileSync(join(cwd, "text.elf"), "no kernel at all\n".repeat(100));
  return cwd;
}

test.each([
  [
    "an unknown option",
    ["--uefi", "--memroy", "1G"],
    64,
    /^petri: --memroy 1G: unknown option: did you mean --memory\?/,
  ],
  [
    "a size that is none",
    ["--uefi", "--memory", "4Q"],
    64,
    /^petri: --memory 4Q is not accepted: write a size such as 512M or 4G/,
  ],
  [
    "an exit code that no process has",
    ["--uefi", "--guest-shutdown-action", "exit:300"],
    64,
    /^petri: --guest-shutdown-action exit:300 is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to/,
  ],
  [
    "a negative exit code",
    ["--uefi", "--guest-crash-action", "exit:-1"],
    64,
    /^petri: --guest-crash-action exit:-1 is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to 255/,
  ],
  [
    "a watchdog's action without a watchdog",
    ["--kernel", "guest.elf", "--guest-watchdog-action", "halt"],
    64,
    /^petri: --guest-watchdog-action halt: needs --guest-watchdog\n$/,
  ],
  [
    "several at once",
    ["--uefi", "--memory", "4Q", "--com1", "x"],
    64,
    /^petri: the command line has problems:\n {2}- --memory 4Q .*\n {2}- --com1 x /,
  ],
  [
    "own options among them",
    ["--uefi", "--memory", "4Q", "--timeout", "5", "--expect", "/(/", "--fail-on", "/[/"],
    64,
    /^petri: .*:\n {2}- --memory 4Q .*\n {2}- --timeout 5 .*\n {2}- --expect .*\n {2}- --fail-on /,
  ],
  [
    "a disk that is missing",
    ["--pcat", "--disk", "file:nope.raw"],
    64,
    /^petri: --disk file:nope\.raw \(file\): nope\.raw does not exist; check the path/,
  ],
  [
    "a disk that is not what its extension says",
    ["--pcat", "--disk", "file:wrong.qcow2"],
    64,
    /wrong\.qcow2 is called \.qcow2 but its contents are a raw disk/,
  ],
  ["UEFI on v86", ["--uefi", "--vmm", "v86"], 69, /v86 has no UEFI; boot by pcat or kernel/],
  [
    "two disks on one slot",
    ["--pcat", "--disk", "disk.raw,bus=ide,slot=0", "--disk", "disk.raw,bus=ide,slot=0"],
    64,
    /slot 0 of ide is already taken/,
  ],
  [
    "firmware that is missing",
    ["--uefi", "--uefi-firmware", "nope.fd"],
    64,
    /^petri: --uefi-firmware nope\.fd: nope\.fd does not exist/,
  ],
  ["a kernel that is none", ["--kernel", "text.elf"], 64, /^petri: --kernel text\.elf: text\.elf is no kernel/],
  [
    "a console file that is the disk by another spelling",
    ["--pcat", "--disk", "disk.raw", "--com2", "file=./disk.raw"],
    64,
    /^petri: --com2 file=\.\/disk\.raw: \.\/disk\.raw is part of the machine and would be overwritten/,
  ],
  [
    "a pidfile that is the disk",
    ["--pcat", "--disk", "disk.raw", "--vmm", "v86", "--pidfile", "disk.raw"],
    64,
    /^petri: --pidfile: disk\.raw is part of the machine and would be overwritten/,
  ],
  [
    "an EFI application without UEFI",
    ["--kernel", "guest.efi"],
    64,
    /^petri: --kernel guest\.efi: guest\.efi is an EFI application, which only UEFI firmware can start: boot it by uefi/,
  ],
  [
    "an ELF kernel by UEFI",
    ["--uefi", "--kernel", "guest.elf"],
    64,
    /guest\.elf is an i386 ELF kernel with PVH entry, which UEFI firmware cannot start/,
  ],
  ["a program", ["--kernel", process.execPath], 64, /is an x86-64 ELF file without PVH entry; a bzImage, /],
  [
    "a socket whose path is too long",
    ["--image", "petri-guest", "--vmm", "v86", "--com2", `listen=${"a".repeat(120)}`],
    64,
    /^petri: --com2 listen=a+: a socket's path has at most 10\d bytes, this one 120/,
  ],
  [
    "a kernel beside an image",
    ["--image", "petri-guest", "--kernel", "guest.elf"],
    64,
    /^petri: --image petri-guest and --kernel guest\.elf contradict: both say what is booted; keep one/,
  ],
  [
    "a disk on the place of the image's own",
    ["--image", "petri-guest", "--boot", "pcat", "--disk", "disk.raw,bus=ide,slot=0"],
    64,
    /^petri: --disk disk\.raw,bus=ide,slot=0 \(slot\): slot 0 of ide has the disk of --image petri-guest: choose another/,
  ],
  [
    "a kernel under a BIOS",
    ["--boot", "pcat", "--kernel", "guest.elf"],
    64,
    /^petri: --boot pcat and --kernel guest\.elf contradict: a BIOS boots disks; keep one\n/,
  ],
  [
    "two kinds of boot",
    ["--image", "petri-guest", "--boot", "uefi", "--pcat"],
    64,
    /^petri: --boot uefi and --pcat contradict: keep one/,
  ],
  ["no way to boot", [], 64, /how to boot is not said/],
  ["an image that is none", ["--image", "debain"], 64, /there is no image "debain"; the catalogue has petri-guest/],
  ["a 64-bit image on v86", ["--image", "debian-cloud", "--vmm", "v86"], 69, /64-bit guest; v86 runs 32-bit ones/],
  [
    "a VMM that is not here",
    ["--image", "petri-guest", "--vmm", "openvmm"],
    69,
    /openvmm is not here: openvmm is not on PATH; .* PETRI_OPENVMM/,
  ],
  [
    "a VMM of another operating system",
    ["--image", "petri-guest", "--vmm", "bhyve"],
    69,
    /bhyve is not here: bhyve needs a FreeBSD host/,
  ],
  [
    "a pattern that is none",
    ["--image", "petri-guest", "--expect", "/(/"],
    64,
    /--expect \/\(\/ is not a regular expression/,
  ],
  ["a time that is none", ["--image", "petri-guest", "--timeout", "5"], 64, /--timeout 5 is not accepted/],
  [
    "a console the machine does not have",
    ["--image", "petri-guest", "--vmm", "v86", "--expect", "com2:x"],
    64,
    /^petri: --expect x: the machine has no com2; add --com2 capture/,
  ],
])("%s is one clear error, and nothing is left", async (_what, args, code, message) => {
  const cwd = folder();
  const before = readdirSync(cwd);
  const { exitCode, stdout, stderr } = await runPetri(cwd, ["boot", ...args]);
  expect(stderr).toMatch(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  expect(readdirSync(cwd)).toEqual(before);
  // Not toEqual: that compares a megabyte element by element, for seconds.
  expect(readFileSync(join(cwd, "disk.raw")).equals(readFileSync(join(builtGuest, "petri-guest.img")))).toBe(true);
});

test.runIf(localHost.which("qemu-system-x86_64"))("a CPU model or feature that QEMU has not", async () => {
  const cwd = newFolder();
  const { exitCode, stdout, stderr } = await runPetri(cwd, [
    ...["boot", "--image", "petri-guest", "--vmm", "qemu", "--cpu", "EPIC,+avx3,-ss3"],
  ]);
  expect(stderr).toMatch(/QEMU has no CPU model EPIC; did you mean EPYC\b/);
  expect(stderr).toMatch(/QEMU has no CPU feature avx3; did you mean avx2?\b/);
  expect(stderr).toMatch(/QEMU has no CPU feature ss3; did you mean ss/);
  expect({ exitCode, stdout, left: readdirSync(cwd) }).toEqual({ exitCode: 69, stdout: "", left: [] });
});

test.runIf(localHost.which("qemu-system-x86_64"))("a watchdog on a machine that has room for none", async () => {
  const cwd = folder();
  const { exitCode, stdout, stderr } = await runPetri(cwd, [
    ...["boot", "--kernel", "guest.elf", "--vmm", "qemu", "--chipset", "microvm", "--guest-watchdog"],
  ]);
  expect(stderr).toBe("petri: qemu: watchdog: microvm has no watchdog\n");
  expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: "" });
});

test("a port in use", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const cwd = newFolder();
  const { exitCode, stdout, stderr } = await runPetri(cwd, [
    ...["boot", "--image", "petri-guest", "--vmm", "v86", "--com2", `listen=tcp:127.0.0.1:${port}`],
  ]);
  expect(stderr).toMatch(/^petri: --com2 listen=tcp:127\.0\.0\.1:\d+: 127\.0\.0\.1:\d+ is in use\n/);
  expect({ exitCode, stdout, left: readdirSync(cwd) }).toEqual({ exitCode: 71, stdout: "", left: [] });
});

test("a QEMU that is too old", async () => {
  const cwd = newFolder();
  const old = join(cwd, "qemu-system-x86_64");
  writeFileSync(old, '#!/bin/sh\necho "QEMU emulator version 5.2.0"\n');
  chmodSync(old, 0o755);
  const { exitCode, stderr } = await runPetri(cwd, ["boot", "--image", "petri-guest", "--vmm", "qemu"], {
    PETRI_QEMU: old,
  });
  expect(exitCode).toBe(69);
  expect(stderr).toMatch(/QEMU 5\.2\.0 is too old: 6\.2 is the oldest that works/);
});

test("results that cannot be written", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "file"), "");
  const { exitCode, stdout, stderr } = await runPetri(cwd, ["boot", "--image", "petri-guest", "--vmm", "v86"], {
    PETRI_RESULTS: join(cwd, "file/results"),
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 71, stdout: "" });
  expect(stderr).toMatch(
    /^petri: the trace in .*file\/results\S* cannot be written: making the folder of the run failed/,
  );
});

test.runIf(existsSync("/dev/full"))("no space for what a console prints into a file", async () => {
  const { exitCode, stderr } = await runPetri(newFolder(), [
    ...["boot", "--image", "petri-guest", "--vmm", "v86", "--com1", "file=/dev/full", "--timeout", "10s"],
  ]);
  expect(exitCode).toBe(71);
  expect(stderr).toMatch(/^petri: --com1 file=\/dev\/full: ENOSPC/);
});

// A file system of a few pages: only root may mount one.
test.runIf(process.getuid?.() === 0 && existsSync("/proc/self/stat"))("no space for the results", async () => {
  const cwd = newFolder();
  const results = join(cwd, "results");
  mkdirSync(results);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", results]);
  if (mounted.status !== 0) return;
  onTestFinished(() => void spawnSync("umount", [results]));
  for (const freeKiB of [0, 8]) {
    writeFileSync(join(results, "fill"), Buffer.alloc((64 - freeKiB) * 1024));
    const { exitCode, stdout, stderr } = await runPetri(cwd, ["boot", "--image", "petri-guest", "--vmm", "v86"], {
      PETRI_RESULTS: results,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 71, stdout: "" });
    expect(stderr).toMatch(/^petri: the trace in \S+ cannot be written: .* failed \(ENOSPC\)\.\nThe disk is full: /);
    expect(stderr).not.toContain("petri repro");
    const left = readdirSync(results, { recursive: true }).map(String);
    expect(left.filter((name) => /(^|\/)\.[^/]*$/.test(name))).toEqual([]);
    if (freeKiB === 0) expect(left).toEqual(["fill"]);
  }
});

test("with --json a refusal too ends with its record", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), ["boot", "--uefi", "--memory", "4Q", "--json"]);
  expect(exitCode).toBe(64);
  expect(JSON.parse(stdout)).toMatchObject({ event: "end", class: "UsageError", exitCode: 64 });
});

test.each([
  [["bot"], /^petri: unknown command 'bot' \(did you mean boot\?\)\n {2}`petri --help` lists what there is\n$/],
  [["clean", "--older-than", "x"], /--older-than x is not accepted: write a time such as 12h or 7d/],
  [["images", "nope"], /^petri: images nope is not accepted: write list, build or remove/],
  [["images", "remove", "nope"], /there is no image "nope"/],
  [["repro", "nope"], /nope is not a trace folder/],
  [["boot", "--expect"], /option '--expect <PATTERN>' argument missing/],
])("petri %j", async (args, message) => {
  const { exitCode, stderr } = await runPetri(newFolder(), args);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(64);
});
