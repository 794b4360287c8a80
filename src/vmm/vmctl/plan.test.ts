import { expect, test } from "vitest";
import { UnsupportedError } from "../../machine/errors.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { planVmctl } from "./plan.ts";
import { vmctlSupport } from "./support.ts";

const detection: Detection = {
  ...{ vmm: "vmctl", present: true, binary: "/usr/sbin/vmctl", version: "7.6", notes: [], fixes: [] },
  accelerators: [{ name: "vmm", works: true, cpuMode: 64, reason: "ran" }],
  firmware: [{ boot: "pcat", code: "/etc/firmware/vmm-bios", name: "SeaBIOS", source: "vmd's own" }],
};
const old: Detection = { ...detection, version: "6.3" };
const paths = { runDir: "/run/petri-0/4711-99/3", traceDir: "/trace", hasFifos: true };
const planOf = (machine: MachineInput, found = detection) => planVmctl(machineSchema.parse(machine), paths, found);
const argsOf = (machine: MachineInput, found = detection) => planOf(machine, found).run.args.join(" ");
const refusals = (machine: MachineInput, found = detection) =>
  vmctlSupport(machineSchema.parse(machine), found).map(({ axis, reason }) => `${axis}: ${reason}`);
const disk = { file: "/d.raw", bus: "virtio", format: "raw" } as const;
const pcat: MachineInput = { boot: { kind: "pcat" }, disks: [disk] };

test("a disk is booted from an overlay, with the console on standard input and output", () => {
  const plan = planOf({ ...pcat, memory: { size: "2G" } });
  expect(plan.run).toEqual({
    file: "/usr/sbin/vmctl",
    args: ["start", "-c", "-m", "2048M", "-d", `${paths.runDir}/disk0.qcow2`, "petri-4711-99-3"],
  });
  const stop = { file: "/usr/sbin/vmctl", args: ["stop", "-f", "-w", "petri-4711-99-3"], mayFail: true };
  expect(plan.steps).toEqual({
    prepare: [stop, { file: "/usr/sbin/vmctl", args: ["create", "-b", "/d.raw", `${paths.runDir}/disk0.qcow2`] }],
    load: [],
    cleanUp: [stop],
  });
  expect(plan).toMatchObject({ stdio: "com1", fifos: ["com1"], copies: [], firmware: "seabios", isPersistent: false });
});

test("before 6.6 the name comes first, and before 6.5 a disk is copied", () => {
  const plan = planOf(pcat, old);
  expect(plan.run.args).toEqual(["start", "petri-4711-99-3", "-c", "-m", "1024M", "-d", `${paths.runDir}/disk0`]);
  expect(plan.copies).toEqual([{ from: "/d.raw", to: `${paths.runDir}/disk0` }]);
  expect(plan.steps?.prepare.map(({ args }) => args.join(" "))).toEqual(["stop petri-4711-99-3"]);
  expect(argsOf(pcat, { ...old, version: "6.5" })).toMatch(/^start petri-4711-99-3 -c .* -d \S+\.qcow2$/);
});

test("everything that vmd has", () => {
  expect(
    argsOf({
      boot: { kind: "pcat", firmware: "/own.bin" },
      disks: [
        { ...disk, persist: true },
        { ...disk, file: "/q.qcow2", format: "qcow2" },
        { file: "/cd.iso", bus: "scsi" },
      ],
      nics: [{}, { backend: "none" }],
      rng: true,
      vmmOptions: { vmctl: ["-B", "disk"] },
    }),
  ).toMatchInlineSnapshot(
    `"start -c -m 1024M -b /own.bin -d /d.raw -d /run/petri-0/4711-99/3/disk1.qcow2 -r /cd.iso -L -i 2 -B disk petri-4711-99-3"`,
  );
  expect(argsOf({ ...pcat, nics: [{}] })).toMatch(/ -L petri-/);
  expect(argsOf({ ...pcat, consoles: { com1: "none" } })).not.toMatch(/ -c /);
});

test("everything vmd cannot do is refused at once", () => {
  const machine: MachineInput = {
    ...{ arch: "aarch64", boot: { kind: "uefi" }, chipset: "q35", clock: "warp", tpm: true, watchdog: "any" },
    processors: { count: 2, model: "host", features: ["+avx2"] },
    memory: { size: 100, prefetch: true },
    disks: [
      { file: "/a.raw", bus: "ide" },
      { file: "/b.vhd", bus: "virtio", format: "vhd", readOnly: true },
      { file: "/cd.iso" },
      { file: "/cd2.iso", bus: "scsi" },
    ],
    nics: [{ model: "e1000", mac: "52:54:00:12:34:56", forward: [{ hostPort: 1, guestPort: 1 }] }],
    consoles: { com2: "capture", hvc0: "capture" },
    power: { reset: "halt" },
    filesystems: [{ kind: "9p", tag: "work", path: "/work" }],
    ...{ display: "headless", vsock: true },
  };
  expect(refusals(machine)).toMatchInlineSnapshot(`
    [
      "arch: aarch64 is not carried yet; write x86_64",
      "boot: vmd has no UEFI; boot by pcat",
      "chipset: vmd has a chipset of its own, not q35; leave it out",
      "processors.count: vmd has 1 processor, not 2",
      "processors.model: vmd gives its guest the host's CPU; leave it out",
      "processors.features: vmd's CPU features are fixed; leave them out",
      "memory.size: vmd takes whole MiB",
      "memory.prefetch: guest memory belongs to OpenBSD's vmm(4); leave it out",
      "disks[0].bus: vmd has virtio disks only, not ide; write virtio",
      "disks[1].readOnly: vmd's disks can be written; leave it out: writes are thrown away unless persist is set",
      "disks[1].format: vmd reads raw images and qcow2, not vhd: convert it with qemu-img convert -O raw",
      "disks[2].bus: vmd has its optical drive on scsi, not ide; write scsi",
      "disks: vmd has one optical drive",
      "nics[0].model: vmd has no e1000; write virtio",
      "nics[0].mac: vmd chooses the MAC address itself; leave it out",
      "nics[0].forward: vmd forwards no ports: its guest is reached at its own address, 100.64.ID.3",
      "consoles.com2: vmd has one serial line; write com1",
      "consoles.hvc0: vmd has one serial line; write com1",
      "power.reset: vmd starts a guest again by itself, and nothing stays to be looked at; write reset or exit",
      "watchdog: vmd has no watchdog device; write { heartbeat: "10s" }",
      "display: vmd has no display; leave it out",
      "filesystems: vmd shares no folders: put the files on a disk",
      "clock: vmd cannot warp time",
      "vsock: vmd has no vsock device",
      "tpm: vmd has no TPM",
    ]
  `);
  expect(() => planOf(machine)).toThrow(UnsupportedError);
});

test("a kernel, a machine without a disk, and a host without the BIOS are refused with the reason", () => {
  expect(refusals({ boot: { kind: "kernel", kernel: "/k" }, disks: [disk] })).toEqual([
    "boot: vmd starts no kernel but OpenBSD's, which is not carried; boot by pcat",
  ]);
  expect(refusals({ boot: { kind: "pcat" } })).toEqual(["disks: vmd starts no VM without a disk or a disc"]);
  expect(refusals(pcat, { ...detection, firmware: [] })).toEqual([
    "boot: /etc/firmware/vmm-bios is not there: fw_update vmm",
  ]);
  const qcow2: MachineInput = { ...pcat, disks: [{ ...disk, format: "qcow2" }] };
  expect(refusals(qcow2, old)).toEqual([
    "disks[0].format: vmd reads raw images, not qcow2: convert it with qemu-img convert -O raw",
  ]);
});
