import { expect, test } from "vitest";
import { UnsupportedError } from "../../machine/errors.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { planOpenvmm } from "./plan.ts";
import { openvmmSupport } from "./support.ts";

const firmware = { name: "firmware", source: "named" };
const detection: Detection = {
  ...{ vmm: "openvmm", present: true, binary: "/openvmm", version: "1.0", notes: [], fixes: [] },
  accelerators: [{ name: "kvm", works: true, cpuMode: 64, reason: "ran" }],
  firmware: [
    { ...firmware, boot: "uefi", code: "/MSVM.fd" },
    { ...firmware, boot: "pcat", code: "/pcat.dll", vgaBios: "/vga.dll" },
  ],
};
const double: Detection = {
  ...{ ...detection, isDouble: true },
  accelerators: [{ name: "tcg", works: true, cpuMode: 64, reason: "ran" }],
};
const paths = { runDir: "/run", traceDir: "/trace" };
const kernel = { kind: "kernel", kernel: "/k" } as const;
const planOf = (machine: MachineInput, found = detection) => planOpenvmm(machineSchema.parse(machine), paths, found);
const argsOf = (machine: MachineInput, found = detection) => planOf(machine, found).run.args.join(" ");
const refusals = (machine: MachineInput, found = detection) =>
  openvmmSupport(machineSchema.parse(machine), found).map(({ axis, reason }) => `${axis}: ${reason}`);

test("a kernel with everything, each virtio device behind a root port of its own", () => {
  const machine: MachineInput = {
    boot: { ...kernel, initrd: "/i", cmdline: "-x console=ttyS0" },
    processors: { sockets: 1, cores: 2, threads: 2 },
    memory: { size: "512M", shared: true, prefetch: true },
    consoles: { com1: "capture", com3: "capture", hvc0: "capture" },
    disks: [{ file: "/a.raw" }, { file: "/b.raw", bus: "nvme", readOnly: true }, { file: "/c.iso", bus: "scsi" }],
    nics: [{ forward: [{ hostPort: 2222, guestPort: 22 }] }, { backend: "none" }],
    filesystems: [{ kind: "9p", tag: "work", path: "/work" }],
    rng: true,
    vsock: true,
    display: { vnc: { port: 5901 } },
    vmmOptions: { openvmm: ["--battery"] },
  };
  expect(argsOf(machine).replaceAll(" --", "\n--")).toMatchInlineSnapshot(`
    "--paused
    --hypervisor kvm
    --processors 4
    --vps-per-socket 4
    --smt force
    --memory size=536870912,shared=on,prefetch=on
    --kernel /k
    --initrd /i
    --cmdline=-x console=ttyS0
    --hv
    --pcie-root-complex rc0
    --pcie-root-port rc0:p0
    --pcie-root-port rc0:p1
    --pcie-root-port rc0:p2
    --pcie-root-port rc0:p3
    --pcie-root-port rc0:p4
    --pcie-root-port rc0:p5
    --pcie-root-port rc0:p6
    --vmbus-scsi id=scsi0
    --virtio-blk memdiff:file:/a.raw,pcie_port=p0
    --nvme-pci id=nvme0,pcie_port=p1
    --disk file:/b.raw,ro,on=nvme0
    --disk file:/c.iso,dvd,on=scsi0,lun=0
    --virtio-net pcie_port=p2:consomme:hostfwd=tcp:127.0.0.1:2222-:22
    --virtio-net pcie_port=p3:none
    --virtio-9p pcie_port=p4:work,/work
    --virtio-rng
    --virtio-rng-pcie-port p5
    --com1 listen=/run/com1
    --com3 listen=/run/com3
    --virtio-console listen=/run/hvc0
    --virtio-console-pcie-port p6
    --virtio-vsock-path /run/vsock
    --virtio-vsock-bus mmio
    --gfx
    --vnc-port 5901
    --vnc-listen 127.0.0.1
    --pidfile /run/pid
    --guest-reset-action halt
    --guest-shutdown-action halt
    --guest-crash-action halt
    --battery"
  `);
  expect(planOf(machine)).toMatchObject({
    ...{ vmm: "openvmm", run: { file: "/openvmm" }, accelerator: "kvm", firmware: "none", isPersistent: false },
    ...{ consoles: { com1: "/run/com1", com3: "/run/com3", hvc0: "/run/hvc0" }, control: "/run/control" },
    ...{ vsock: { transport: "hybrid", path: "/run/vsock" }, exits: {}, copies: [], notes: [] },
  });
});

test("UEFI shows itself on com1, is told of a watchdog, and reaches the host by VMBus", () => {
  const machine: MachineInput = {
    boot: { kind: "uefi", frontpage: false },
    disks: [{ file: "/a.raw", persist: true }],
    watchdog: "any",
    vsock: true,
    power: { watchdog: "exit:3", shutdown: "exit" },
  };
  expect(argsOf(machine).replaceAll(" --", "\n--")).toMatchInlineSnapshot(`
    "--paused
    --hypervisor kvm
    --processors 1
    --memory size=1073741824
    --uefi
    --uefi-firmware /MSVM.fd
    --uefi-console-mode com1
    --disable-frontpage
    --pcie-root-complex rc0
    --pcie-root-port rc0:p0
    --virtio-blk file:/a.raw,pcie_port=p0
    --com1 listen=/run/com1
    --vmbus-vsock-path /run/vsock
    --pidfile /run/pid
    --guest-watchdog
    --guest-reset-action halt
    --guest-shutdown-action exit:11
    --guest-crash-action halt
    --guest-watchdog-action exit:13"
  `);
  expect(planOf(machine)).toMatchObject({
    isPersistent: true,
    watchdog: "wdat",
    exits: { shutdown: 11, watchdog: 13 },
  });
});

test("PCAT has IDE and floppies, and no PCI Express", () => {
  const machine: MachineInput = {
    boot: { kind: "pcat" },
    disks: [{ file: "/c.iso" }, { file: "/a.raw", slot: 2 }, { file: "/f.img", bus: "floppy" }],
    nics: [{}],
    rng: true,
  };
  expect(argsOf(machine).replaceAll(" --", "\n--")).toMatchInlineSnapshot(`
    "--paused
    --hypervisor kvm
    --processors 1
    --memory size=1073741824
    --pcat
    --pcat-firmware /pcat.dll
    --vga-firmware /vga.dll
    --pcat-boot-order optical,hdd,floppy
    --ide file:/c.iso,dvd,p,0
    --floppy memdiff:file:/f.img
    --ide memdiff:file:/a.raw,s,0
    --virtio-net consomme
    --virtio-rng
    --com1 listen=/run/com1
    --pidfile /run/pid
    --guest-reset-action halt
    --guest-shutdown-action halt
    --guest-crash-action halt"
  `);
});

test("firmware of one's own comes without what was found for another", () => {
  const pcat = argsOf({ boot: { kind: "pcat", firmware: "/own.dll" } });
  expect(pcat).toMatch(/ --pcat --pcat-firmware \/own\.dll /);
  expect(pcat).not.toMatch(/vga/);
  expect(argsOf({ boot: { kind: "uefi", firmware: "/own.fd" } })).toMatch(/ --uefi-firmware \/own\.fd /);
});

test("OpenVMM is told the backend that was asked for", () => {
  for (const wanted of ["kvm", "mshv", "whp", "hvf"] as const) {
    const accelerators = [...detection.accelerators, { name: wanted, works: true, reason: "ran" }];
    const { run } = planOpenvmm(machineSchema.parse({ boot: kernel }), paths, { ...detection, accelerators }, wanted);
    expect(run.args.join(" ")).toContain(` --hypervisor ${wanted} `);
  }
});

test("an image that is not raw is converted, and only the copy is written to", () => {
  const plan = planOf({ boot: kernel, disks: [{ file: "/a.qcow2", format: "qcow2" }] });
  expect(plan.conversions).toEqual([{ from: "/a.qcow2", format: "qcow2", to: "/run/disk0.raw" }]);
  expect(plan.run.args.join(" ")).toMatch(/ --virtio-blk file:\/run\/disk0\.raw,pcie_port=p0 /);
  expect(plan).toMatchObject({ isPersistent: false, notes: ["/a.qcow2 is qcow2: a raw copy of it is used"] });
});

test("a guest that did something stands still, except where the machine ends then anyway", () => {
  const actions = (power: MachineInput["power"]) =>
    planOf({ boot: kernel, ...(power && { power }) })
      .run.args.join(" ")
      .replace(/^.*?(?=--guest-)/, "");
  expect(actions(undefined)).toBe("--guest-reset-action halt --guest-shutdown-action halt --guest-crash-action halt");
  expect(actions({ reset: "exit:7", shutdown: "reset", crash: "exit" })).toBe(
    "--guest-reset-action exit:10 --guest-shutdown-action halt --guest-crash-action exit:12",
  );
});

test("a double runs under tcg, of which OpenVMM has no word, and says what it is", () => {
  const plan = planOf({ boot: kernel }, double);
  expect(plan.accelerator).toBe("tcg");
  expect(plan.run.args).not.toContain("--hypervisor");
  expect(plan.notes).toEqual([expect.stringContaining("contract double")]);
  expect(refusals({ boot: kernel, vsock: true }, double)).toEqual([]);
  expect(refusals({ boot: { kind: "uefi", frontpage: false }, watchdog: "any", vsock: true }, double)).toEqual([
    expect.stringMatching(/^boot\.frontpage: not doubled/),
    expect.stringMatching(/^vsock: not doubled/),
    expect.stringMatching(/^watchdog: not doubled/),
  ]);
});

test("everything OpenVMM cannot do is refused at once", () => {
  expect(
    refusals({
      arch: "aarch64",
      boot: kernel,
      chipset: "q35",
      processors: { model: "max", features: ["+avx2"], sockets: 1, cores: 1, threads: 4 },
      disks: [
        { file: "/a.raw", bus: "ide" },
        { file: "/b.raw", bus: "ahci" },
        { file: "/c,d.raw" },
        { file: "/e.vhdx", format: "vhdx", persist: true },
        { file: "/f.iso", bus: "nvme" },
      ],
      nics: [{ model: "e1000", mac: "52:54:00:12:34:56" }],
      display: "headless",
      vsock: { cid: 4, transport: "vhost", path: "/v" },
      watchdog: "i6300esb",
      filesystems: [{ kind: "9p", tag: "t", path: "/a,b", readOnly: true }],
      clock: "warp",
      tpm: true,
    }).join("\n"),
  ).toMatchInlineSnapshot(`
    "arch: aarch64 is not carried yet; write x86_64
    chipset: OpenVMM has a machine of its own, not a q35; write auto
    processors.model: OpenVMM gives the host's CPU model; leave it out
    processors.features: OpenVMM's CPU features are the host's
    processors.threads: OpenVMM has 1 or 2 threads a core
    disks[0].bus: OpenVMM has ide under pcat only; write virtio or scsi
    disks[1].bus: OpenVMM has no ahci; write virtio, scsi or nvme
    disks[2].file: OpenVMM's options cannot say a path with ',' or ';'
    disks[3].persist: OpenVMM on this host reads raw images only, so vhdx is converted to one that is thrown away; convert it with qemu-img convert -O raw
    disks[4].bus: an optical drive cannot be on nvme; write scsi
    nics: OpenVMM has no e1000; write virtio
    nics: OpenVMM chooses the MAC address itself; leave it out
    display: OpenVMM shows its framebuffer over VNC only; write none or vnc
    vsock: OpenVMM's vsock is a Unix socket, not vhost; leave transport out
    vsock.cid: OpenVMM's guest has CID 3; leave it out
    vsock.path: a socket for other programs is not carried on OpenVMM; leave it out
    watchdog: OpenVMM has no i6300esb; write any or wdat
    filesystems: OpenVMM's 9p has no read-only folders; leave readOnly out
    filesystems: OpenVMM's options cannot say a path with a comma
    clock: OpenVMM cannot warp time
    tpm: OpenVMM's TPM is not carried yet"
  `);
  expect(() => planOf({ boot: kernel, tpm: true })).toThrow(UnsupportedError);
});

test("a watchdog is refused where the guest is not told of it, or does not get it", () => {
  expect(refusals({ boot: kernel, watchdog: "wdat" })).toEqual([expect.stringContaining("boot by uefi")]);
  expect(refusals({ boot: { kind: "pcat" }, watchdog: "any" })).toEqual([expect.stringContaining("under pcat")]);
  expect(refusals({ boot: { kind: "uefi" }, watchdog: "wdat" })).toEqual([]);
});

test("firmware that is not there, or cannot be read, is refused with what to set", () => {
  const none = { ...detection, firmware: [] };
  expect(refusals({ boot: { kind: "uefi" } }, none)).toEqual([expect.stringContaining("set PETRI_MSVM")]);
  expect(refusals({ boot: { kind: "pcat" } }, none)).toEqual([expect.stringContaining("set PETRI_PCAT")]);
  expect(refusals({ boot: { kind: "uefi" } }, { ...none, unreadable: ["PETRI_MSVM=/gone"] })).toEqual([
    "boot: PETRI_MSVM=/gone cannot be read: name firmware that is there, or unset it",
  ]);
  expect(refusals({ boot: { kind: "uefi", firmware: "/own.fd" } }, none)).toEqual([]);
});
