import { join } from "node:path";
import type { MachineInput } from "../../machine/machine.ts";

/** The files that the machines name, below one folder. */
export const machineFiles = [
  "vmlinuz",
  "initrd.img",
  "a.raw",
  "b.raw",
  "c.raw",
  "q.qcow2",
  "cd.iso",
  "f.img",
  "work/.keep",
];

/**
 * Machines in which every axis is there at least once, by name: each VMM's command line for each is pinned, so that no flag
 * comes or goes unseen. `files` is the folder of what they name.
 */
export function machinesIn(files: string): Readonly<Record<string, MachineInput>> {
  const at = (name: string) => join(files, name);
  const kernel = { kind: "kernel", kernel: at("vmlinuz") } as const;
  const [uefi, pcat] = [{ kind: "uefi" }, { kind: "pcat" }] as const;
  const a = { file: at("a.raw"), format: "raw" } as const;
  const b = { file: at("b.raw"), format: "raw" } as const;
  const c = { file: at("c.raw"), format: "raw" } as const;
  const iso = { file: at("cd.iso") } as const;
  const onVirtio = { ...a, bus: "virtio" } as const;
  const forward = [
    { hostPort: 22022, guestPort: 22 },
    { protocol: "udp", hostPort: 22053, guestPort: 53 },
  ] as const;
  return {
    kernel: { boot: kernel },
    "kernel, initrd, command line": {
      boot: { ...kernel, initrd: at("initrd.img"), cmdline: "console=ttyS0 root=/dev/vda1 x='a b'" },
    },
    "kernel with a disk": { boot: kernel, disks: [onVirtio] },
    "kernel without consoles": { boot: kernel, consoles: { com1: "none" } },
    uefi: { boot: uefi },
    "uefi with a disk": { boot: uefi, disks: [onVirtio] },
    "uefi with a kernel": { boot: { ...uefi, kernel: at("vmlinuz"), cmdline: "quiet" } },
    "uefi, own firmware": { boot: { ...uefi, firmware: at("a.raw"), nvram: at("b.raw") } },
    pcat: { boot: pcat, disks: [a] },
    "pcat, disk on virtio": { boot: pcat, disks: [onVirtio] },
    "pcat, own firmware": { boot: { ...pcat, firmware: at("a.raw") }, disks: [{ ...b, bus: "virtio" }] },
    "4 processors": { boot: kernel, processors: { count: 4 } },
    topology: { boot: kernel, processors: { sockets: 2, cores: 2, threads: 2 } },
    "CPU model": { boot: kernel, processors: { model: "qemu64", features: ["+aes", "-vme"] } },
    "64 MiB": { boot: kernel, memory: { size: "64M" } },
    "memory shared, populated": { boot: kernel, memory: { size: "64M", shared: true, prefetch: true } },
    "memory populated": { boot: kernel, memory: { size: "64M", prefetch: true } },
    "two IDE disks": {
      boot: kernel,
      disks: [
        { ...a, bus: "ide" },
        { ...b, bus: "ide" },
      ],
    },
    "AHCI disks by slot": {
      boot: uefi,
      disks: [
        { ...a, bus: "ahci", slot: 2 },
        { ...b, bus: "ahci", slot: 0 },
      ],
    },
    "SCSI disks": {
      boot: kernel,
      disks: [
        { ...a, bus: "scsi" },
        { ...b, bus: "scsi", readOnly: true },
      ],
    },
    NVMe: { boot: uefi, disks: [{ ...a, bus: "nvme" }] },
    "USB disk": { boot: kernel, disks: [{ ...a, bus: "usb" }] },
    floppy: { boot: pcat, disks: [{ file: at("f.img"), format: "raw", bus: "floppy" }] },
    "three virtio disks": { boot: kernel, disks: [onVirtio, { ...b, bus: "virtio" }, { ...c, bus: "virtio" }] },
    "disk kept": { boot: pcat, disks: [{ ...onVirtio, persist: true }] },
    "disk read-only": { boot: uefi, disks: [{ ...onVirtio, readOnly: true }] },
    qcow2: { boot: pcat, disks: [{ file: at("q.qcow2"), format: "qcow2", bus: "virtio" }] },
    "disc on IDE": { boot: pcat, disks: [iso] },
    "disc on AHCI": { boot: uefi, disks: [{ ...iso, bus: "ahci" }] },
    "disc on SCSI, disk on virtio": { boot: pcat, disks: [onVirtio, { ...iso, bus: "scsi" }] },
    "network, NAT": { boot: kernel, nics: [{}] },
    "network, NAT, disk": { boot: pcat, disks: [onVirtio], nics: [{}] },
    "ports forwarded, own MAC": { boot: kernel, nics: [{ mac: "52:54:00:12:34:56", forward: [...forward] }] },
    "a card with an MTU": { boot: kernel, nics: [{ mtu: 9000 }] },
    "e1000 and no backend": { boot: uefi, nics: [{ model: "e1000", backend: "none" }, { backend: "none" }] },
    "two cards, disk": { boot: pcat, disks: [onVirtio], nics: [{}, { backend: "none" }] },
    "COM1 and COM3": { boot: kernel, consoles: { com3: "capture" } },
    "virtio console": { boot: kernel, consoles: { hvc0: "capture" } },
    entropy: { boot: kernel, rng: true },
    "9p, both ways": {
      boot: kernel,
      filesystems: [
        { kind: "9p", tag: "work", path: at("work") },
        { kind: "9p", tag: "src", path: at("work"), readOnly: true },
      ],
    },
    watchdog: { boot: kernel, watchdog: "any" },
    "iTCO on q35": { boot: kernel, chipset: "q35", watchdog: "itco" },
    heartbeat: { boot: pcat, disks: [onVirtio], watchdog: { heartbeat: "5s" } },
    display: { boot: uefi, display: "headless" },
    "UUID and SMBIOS strings": {
      boot: uefi,
      uuid: "0A3AE7E6-8d3b-4bb4-8a0d-0f9a3f1d9f01",
      smbios: { manufacturer: "Acme, Inc.", product: "100% = Box", serial: "42", family: "Boxes" },
    },
    "a clock chip of local time": { boot: uefi, rtc: "localtime" },
    "a clock chip from a date": { boot: kernel, rtc: "2031-04-05T06:07:08" },
    microvm: { boot: kernel, chipset: "microvm", disks: [onVirtio], nics: [{}], rng: true },
    "everything power": { boot: kernel, power: { reset: "exit:1", shutdown: "exit:2", crash: "exit:3" } },
    "reset halts": { boot: pcat, disks: [onVirtio], power: { reset: "halt" } },
    "the user's own arguments": {
      boot: kernel,
      vmmOptions: { qemu: ["-device", "isa-debug-exit"], bhyve: ["-D"], vmctl: ["-B", "disk"], v86: [] },
    },
  };
}
