import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const doubles = fileURLToPath(new URL("../../../fixtures/vmms", import.meta.url));
const state = mkdtempSync(join(tmpdir(), "petri-doubles-"));

/** The doubles as another release of FreeBSD has them. */
function release(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-release-"));
  for (const name of ["bhyve", "bhyvectl", "bhyveload", "grub-bhyve"])
    symlinkSync(join(doubles, name), join(folder, name));
  const double = JSON.parse(readFileSync(join(doubles, "petri-double.json"), "utf8"));
  writeFileSync(join(folder, "petri-double.json"), JSON.stringify({ ...double, release: version }));
  return folder;
}

function run(program: string, args: readonly string[], options: { folder?: string; input?: string } = {}) {
  const { folder = doubles, input = "" } = options;
  const env = { ...process.env, PETRI_DOUBLES: state };
  const { status, stderr, stdout } = spawnSync(join(folder, program), args, { input, env, encoding: "utf8" });
  return { status, first: stderr.split("\n")[0] ?? "", stderr, stdout };
}

/** A command line that is right ends for lack of a guest: nothing was loaded. */
const cannotBoot = { status: 4, first: "virtual machine cannot be booted" };
const slots = ["-s", "0,hostbridge", "-s", "31,lpc"];

// From bhyve(8), and from what getopt(3) makes of words that are joined.
test.each([
  "-c 2 -s 0,hostbridge -s 1,lpc -s 2,virtio-rnd -l com1,stdio -A -H -P -m 1G vm1",
  "-AHP -c cpus=4,sockets=2,cores=2 -m 512 -s0:0,hostbridge -s31,lpc vm1",
  "-s 0,amd_hostbridge -s 2:0,virtio-net,tap0 -s 2:1,virtio-net,tap1 -s 2:7,e1000,tap2,mac=00:be:fa:76:45:00 -m 24G bigvm",
  "-u -U b34ee350-051a-11e9-b6db-000bab896163 -p 0:1 -p 1:2 -G w1234 -o x86.strictmsr=false vm1",
  "-s 3,fbuf,tcp=0.0.0.0:5900,w=800,h=600,wait -s 30,xhci,tablet -s 4,hda,play=/dev/dsp0 vm1",
  "-l com1,/dev/nmdm0A -l com2,tcp=127.0.0.1:12345 -l pc-testdev vm1",
])("it takes %s", (line) => {
  expect(run("bhyve", line.split(" "))).toMatchObject(cannotBoot);
});

test.each([
  ["-z vm1", 1, "bhyve: illegal option -- z"],
  ["-m", 1, "bhyve: option requires an argument -- m"],
  ["-c 2", 1, /^Usage: bhyve \[-/],
  ["vm1 vm2", 1, /^Usage: bhyve \[-/],
  ["5 bhyve_flags -c 1 vm1", 1, /^Usage: bhyve \[-/],
  ["vm1 -H", 1, /^Usage: bhyve \[-/],
  ["-r saved vm1", 1, "bhyve: illegal option -- r"],
  ["-s 32,lpc vm1", 4, 'Invalid PCI slot info field "32,lpc"'],
  ["-s 1:8,lpc vm1", 4, 'Invalid PCI slot info field "1:8,lpc"'],
  ["-s lpc vm1", 4, 'Invalid PCI slot info field "lpc"'],
  ["-s 1,lpc -s 1:0,ahci,hd:/d vm1", 4, "pci slot 0:1:0 already occupied!"],
  ["-s 3,virtio-dtrace vm1", 4, 'pci slot 0:3:0: unknown device "virtio-dtrace"'],
  ["-s 1:0:0,lpc vm1", 4, "LPC bridge can be present only on bus 0"],
  ["-m 1Q vm1", 64, "bhyve: invalid memsize '1Q'"],
  ["-c cpus=3,sockets=2 vm1", 64, "bhyve: invalid cpu topology 'cpus=3,sockets=2'"],
  ["-c 0 vm1", 64, "bhyve: invalid cpu topology '0'"],
  ["-l com5,stdio vm1", 64, "bhyve: invalid lpc device configuration 'com5,stdio'"],
  ["-l bootrom vm1", 64, "bhyve: invalid lpc device configuration 'bootrom'"],
  ["-p 1 vm1", 64, "bhyve: invalid vcpu pinning configuration '1'"],
  ["-s 31,lpc -l bootrom,/none.fd vm1", 4, 'Error opening bootrom "/none.fd": No such file or directory'],
])("it refuses %s", (line, status, first) => {
  const refused = run("bhyve", line.split(" "));
  expect(refused.status).toBe(status);
  if (typeof first === "string") expect(refused.first).toBe(first);
  else expect(refused.first).toMatch(first);
});

test("each release has options that another has not", () => {
  const [oldest, newest] = [release("12.4"), release("15.0")];
  expect(run("bhyve", ["-g", "0", "vm1"], { folder: oldest })).toMatchObject(cannotBoot);
  expect(run("bhyve", ["-g", "0", "vm1"], { folder: newest })).toMatchObject({ first: "bhyve: illegal option -- g" });
  expect(run("bhyve", ["-M", "vm1"], { folder: newest })).toMatchObject(cannotBoot);
  expect(run("bhyve", ["-M", "vm1"], { folder: release("14.2") })).toMatchObject({
    first: "bhyve: illegal option -- M",
  });
  expect(run("bhyve", ["-h"])).toMatchObject({ status: 0, first: expect.stringMatching(/^Usage: bhyve /) });
});

test("only one line can have standard input and output", () => {
  const script = `linux (host)${join(doubles, "petri-double.json")}\nboot\n`;
  expect(run("grub-bhyve", ["-M", "64", "twice"], { input: script }).status).toBe(0);
  expect(run("bhyve", [...slots, "-l", "com1,stdio", "-l", "com2,stdio", "twice"])).toMatchObject({
    ...{ status: 4, first: "Unable to initialize backend 'stdio' for LPC device com2" },
  });
});

test("a VM is there until it is destroyed, and a loader wants a new one", () => {
  const ctl = (...words: string[]) => run("bhyvectl", ["--vm=life", ...words]);
  const script = `linux (host)${join(doubles, "petri-double.json")}\nboot\n`;
  const load = () => run("grub-bhyve", ["-r", "host", "-M", "64", "life"], { input: script });
  expect(ctl("--destroy")).toMatchObject({ status: 1, first: expect.stringContaining("No such file or directory") });
  expect(load().status).toBe(0);
  expect(load()).toMatchObject({ status: 1, first: "Could not create VM" });
  expect(ctl("--destroy").status).toBe(0);
  expect(ctl("--create").status).toBe(0);
  expect(run("bhyveload", ["-m", "64M", "-d", "/d", "life"])).toMatchObject({
    status: 1,
    first: "vm_reinit: Device busy",
  });
  expect(ctl("--destroy").status).toBe(0);
  expect(ctl("--wipe")).toMatchObject({ status: 1, first: "bhyvectl: unrecognized option `--wipe'" });
  expect(run("bhyvectl", ["--destroy"])).toMatchObject({ status: 1, first: "Usage: bhyvectl --vm=<vmname>" });
});

test.each([
  ["linux (host)/nowhere\nboot\n", 1, "error: file `(host)/nowhere' not found."],
  ["boot\n", 1, "error: you need to load the kernel first."],
  ["", 1, "error: you need to load the kernel first."],
  ["chainloader +1\nboot\n", 1, "error: can't find command `chainloader'."],
])("grub-bhyve ends with an error where %j loads nothing", (input, status, first) => {
  expect(run("grub-bhyve", ["-M", "64", "empty"], { input })).toMatchObject({ status, first });
});

test("grub-bhyve refuses words that it does not know, and memory that is none", () => {
  expect(run("grub-bhyve", ["-x", "vm1"])).toMatchObject({ status: 64, first: "grub-bhyve: invalid option -- 'x'" });
  expect(run("grub-bhyve", ["-M", "lots", "vm1"])).toMatchObject({ first: "Invalid guest memory size `lots'." });
  expect(run("grub-bhyve", ["-M", "64"])).toMatchObject({ first: "Required VM name parameter not supplied" });
  expect(run("bhyveload", ["-q", "vm1"])).toMatchObject({ status: 1, first: "bhyveload: illegal option -- q" });
});
