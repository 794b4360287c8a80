import { expect, test } from "vitest";
import { UnsupportedError } from "../../machine/errors.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { planV86 } from "./plan.ts";
import { v86Support } from "./support.ts";

const bios = { boot: "pcat", code: "/bios.bin", vgaBios: "/vga.bin", name: "SeaBIOS", source: "known path" } as const;
const detection: Detection = {
  ...{ vmm: "v86", present: true, binary: "/petri-v86.js", version: "0.5.462", notes: [], fixes: [], firmware: [bios] },
  accelerators: [{ name: "jit", works: true, cpuMode: 32, reason: "ran" }],
};
const paths = { runDir: "/run", traceDir: "/trace" };
const kernel = { kind: "kernel", kernel: "/k" } as const;
const argsOf = (machine: MachineInput, found = detection) =>
  planV86(machineSchema.parse(machine), paths, found).run.args.join(" ");
const refusals = (machine: MachineInput, found = detection) =>
  v86Support(machineSchema.parse(machine), found).map(({ axis, reason }) => `${axis}: ${reason}`);

test("a kernel with everything", () => {
  const machine: MachineInput = {
    boot: { ...kernel, initrd: "/i", cmdline: "console=ttyS0 quiet" },
    memory: { size: "64M" },
    consoles: { com1: "capture", com3: "capture", hvc0: "capture" },
    nics: [{ backend: "none", model: "ne2k" }],
    vmmOptions: { v86: ["--trace"] },
  };
  expect(argsOf(machine)).toMatchInlineSnapshot(
    `"/petri-v86.js --control unix:/run/control --com1 unix:/run/com1 --com3 unix:/run/com3 --virtio-console unix:/run/hvc0 --memory 67108864 --kernel /k --initrd /i --cmdline console=ttyS0 quiet --nic ne2k --trace"`,
  );
  expect(planV86(machineSchema.parse(machine), paths, detection)).toMatchObject({
    ...{ run: { file: process.execPath }, accelerator: "jit", firmware: "none", isPersistent: false, copies: [] },
    ...{ consoles: { com1: "/run/com1", com3: "/run/com3", hvc0: "/run/hvc0" }, control: "/run/control" },
  });
});

test("disks boot in the order they were given, each in its place", () => {
  expect(
    argsOf({
      boot: { kind: "pcat" },
      disks: [
        { file: "/cd.iso", bus: "ide", slot: 2, dvd: true },
        { file: "/a.raw", bus: "ide" },
        { file: "/b.raw", bus: "ide" },
        { file: "/f.img", bus: "floppy" },
        { file: "/g.img", bus: "floppy" },
      ],
    }),
  ).toMatchInlineSnapshot(
    `"/petri-v86.js --control unix:/run/control --com1 unix:/run/com1 --memory 1073741824 --bios /bios.bin --vga-bios /vga.bin --boot-order cdrom,disk,floppy --cdrom /cd.iso --hda /a.raw --hdb /b.raw --fda /f.img --fdb /g.img"`,
  );
});

test("a BIOS of one's own comes without the host's display ROM", () => {
  expect(argsOf({ boot: { kind: "pcat", firmware: "/own.bin" }, disks: [{ file: "/a.raw", bus: "ide" }] })).toMatch(
    / --bios \/own\.bin --boot-order disk /,
  );
});

test("everything v86 cannot do is refused at once", () => {
  expect(
    refusals({
      boot: { kind: "uefi" },
      chipset: "q35",
      processors: { count: 2, model: "max", features: ["+avx"] },
      memory: { size: "4G", hugepages: true, shared: true },
      disks: [
        { file: "/n", bus: "nvme" },
        { file: "/p", bus: "ide", slot: 1, persist: true, format: "qcow2" },
      ],
      nics: [{}, { model: "e1000", backend: "none", mac: "52:54:00:12:34:56" }],
      ...{ rng: true, display: { vnc: {} }, watchdog: "i6300esb" },
    }).join("\n"),
  ).toMatchInlineSnapshot(`
    "boot: v86 has no UEFI; boot by pcat or kernel
    chipset: v86 is a pc, not a q35
    processors.count: v86 has 1 processor, not 2
    processors.model: v86 has one CPU model; leave it out
    processors.features: v86's CPU features are fixed; leave them out
    memory.size: v86 has at most 2032M, not 4096M
    memory.shared: v86 keeps guest memory in a JavaScript array; leave it out
    memory.hugepages: v86 keeps guest memory in a JavaScript array; leave it out
    disks[0]: v86 has ide slots 0 and 1, floppies 0 and 1, and one optical drive; not nvme 0
    disks[1]: v86 drops a second ide disk without a first; write slot 0
    disks[1].persist: v86 throws writes away; leave persist out
    disks[1].format: v86 reads raw images, not qcow2: convert it with qemu-img convert -O raw
    nics: v86 has 1 network card, not 2
    nics: v86 has no network behind its card; write backend none
    nics: v86 has no e1000; write virtio or ne2k
    nics: v86 chooses the MAC address itself; leave it out
    watchdog: v86 has no i6300esb; write any, ib700 or wdat
    rng: v86 has no entropy device
    display: v86 serves no VNC"
  `);
});

test("without a BIOS pcat is refused, and kernel is not", () => {
  const without = { ...detection, firmware: [] };
  expect(refusals({ boot: kernel }, without)).toEqual([]);
  expect(refusals({ boot: { kind: "pcat" } }, without)).toEqual([
    "boot: pcat needs a BIOS image for v86: install the package seabios, or set PETRI_SEABIOS",
  ]);
  expect(refusals({ boot: { kind: "pcat" } }, { ...without, unreadable: ["PETRI_SEABIOS=/x"] })).toEqual([
    "boot: PETRI_SEABIOS=/x cannot be read: name a BIOS that is there, or unset it",
  ]);
});

test("a machine that is refused has no plan", () => {
  expect(() => argsOf({ boot: { kind: "uefi" } })).toThrow(UnsupportedError);
});

test("what v86 cannot keep from the guest, or put where it is asked, is refused", () => {
  const disks = [
    { file: "/a", bus: "ide" as const, readOnly: true },
    { file: "/b.iso", bus: "ide" as const, slot: 3 },
  ];
  expect(refusals({ boot: kernel, disks })).toEqual([
    "disks[0].readOnly: v86's disks can be written, and the writes are thrown away; leave it out",
    "disks[1].slot: v86 has its optical drive at ide slot 2, not 3; leave it out",
  ]);
});

test("folders of the host are refused: petri-v86 has no device for them", () => {
  const machine: MachineInput = { boot: kernel, filesystems: [{ kind: "9p", tag: "work", path: "/work" }] };
  expect(refusals(machine)).toEqual([
    "filesystems: petri-v86 does not carry 9p: put the files on a disk, or run on qemu",
  ]);
  expect(refusals({ boot: kernel, ports: ["petri.agent"] })).toEqual([
    "ports: v86 has no virtio-serial ports: leave them out, or run on qemu",
  ]);
});

test("any watchdog is an ib700; a wdat needs our own ACPI tables", () => {
  const disks = [{ file: "/a", bus: "ide" as const }];
  expect(argsOf({ boot: kernel, watchdog: "any" })).toMatch(/ --watchdog ib700$/);
  expect(argsOf({ boot: { kind: "pcat" }, disks, watchdog: "ib700" })).toMatch(/ --watchdog ib700$/);
  expect(argsOf({ boot: kernel, watchdog: "wdat" })).toMatch(/ --watchdog wdat$/);
  expect(argsOf({ boot: kernel, watchdog: { heartbeat: "5s" } })).not.toMatch(/watchdog/);
  expect(refusals({ boot: { kind: "pcat" }, disks, watchdog: "wdat" })).toEqual([
    "watchdog: under a BIOS v86 has no wdat, which is an ACPI table of petri-v86's own; write ib700",
  ]);
  expect(refusals({ boot: kernel, watchdog: "itco" })).toEqual(["watchdog: v86 has no itco; write any, ib700 or wdat"]);
});
