/** A test that boots a field of a machine, or pins the command that it becomes. */
export interface Pin {
  /** Fields of a machine that begin so; of several pins the longest one holds. */
  readonly field: string;
  /** From the repository's folder on. */
  readonly file: string;
  readonly title: string;
  /** What of the field stands in that file, or in the one that the test compares with. */
  readonly holds: string;
  readonly holdsIn?: string;
}

const qemuPlan = "src/vmm/qemu/plan.test.ts";
const openvmmPlan = "src/vmm/openvmm/plan.test.ts";
const v86Plan = "src/vmm/v86/plan.test.ts";
const devices = "petri-tests/devices/";

const everything = { file: qemuPlan, title: "PCAT with everything else a machine can have" };
const kernelWithAll = {
  file: openvmmPlan,
  title: "a kernel with everything, each virtio device behind a root port of its own",
};
const places = { file: "petri-tests/vmms/openvmm.test.ts", title: "each device finds its place" };
const inLinux = { file: `${devices}linux.test.ts`, title: "Linux finds the devices of its machine, and they work" };
const identity = { file: `${devices}identity.test.ts`, title: "Linux finds the machine's UUID and SMBIOS strings" };
const everyBus = { file: qemuPlan, title: "UEFI with a private copy of its variables, and disks on every bus" };
const golden = {
  file: "src/vmm/command-lines.test.ts",
  title: "every VMM's command lines for every machine are as they were",
  holdsIn: "src/vmm/test/command-lines.golden.txt",
};
const hugepages = { file: `${devices}hugepages.test.ts`, title: "RAM in huge pages is made of them, all of it" };
const removable = {
  file: `${devices}removable.test.ts`,
  title: "Linux reads and writes floppies, and mounts discs on IDE and USB",
};

export const pins: readonly Pin[] = [
  {
    field: "boot.kind",
    file: "petri-tests/boot/firmware.test.ts",
    title: "memtest86+ is seen alive on the serial line",
    holds: '["pcat", "uefi"]',
  },
  { field: "boot.kernel", ...kernelWithAll, holds: "--kernel /k" },
  { field: "boot.initrd", ...kernelWithAll, holds: "--initrd /i" },
  { field: "boot.cmdline", ...kernelWithAll, holds: "--cmdline=" },
  {
    field: "boot.firmware",
    file: "src/vmm/vmctl/plan.test.ts",
    title: "everything that vmd has",
    holds: "-b /own.bin",
  },
  {
    field: "boot.frontpage",
    file: openvmmPlan,
    title: "UEFI shows itself on com1, is told of a watchdog, and reaches the host by VMBus",
    holds: "--disable-frontpage",
  },
  {
    field: "chipset",
    file: qemuPlan,
    title: "microvm only when asked, and a triple fault is logged only where it can be",
    holds: 'chipset: "microvm"',
  },
  { field: "processors", ...inLinux, holds: "topology" },
  { field: "processors.model", ...everything, holds: "-cpu max" },
  {
    field: "memory",
    file: `${devices}memory.test.ts`,
    title: "shared RAM is memory that another process reads the running guest's bytes from",
    holds: "shared: true",
  },
  {
    field: "memory.prefetch",
    file: `${devices}memory.test.ts`,
    title: "RAM that is not said to be shared, or is private, cannot be mapped by others",
    holds: "prefetch: true",
  },
  { field: "memory.hugepages", ...hugepages, holds: "hugepages: true" },
  { field: "memory.hugepageSize", ...hugepages, holds: "hugepageSize" },
  {
    field: "memory.thp",
    file: "src/vmm/openvmm/double-lines.test.ts",
    title: "the double takes what is planned for %s",
    holds: "thp: true",
  },
  { field: "memory.file", ...everything, holds: "mem-path=/ram" },
  { field: "disks", ...places, holds: 'bus: "nvme"' },
  { field: "disks[] on ide", ...everything, holds: "ide-hd,bus=ide.0,unit=0,drive=disk0" },
  { field: "disks[] on ahci", ...everyBus, holds: "ide-hd,bus=ide.0,drive=disk1" },
  { field: "disks[] on scsi", ...everyBus, holds: "scsi-hd,bus=scsi.0" },
  { field: "disks[] on nvme", ...everyBus, holds: "nvme,serial=petri-0" },
  { field: "disks[] on floppy", ...removable, holds: 'bus: "floppy"' },
  { field: "disks[].readOnly", ...places, holds: "readOnly: true" },
  { field: "disks[].persist", ...inLinux, holds: "persist: true" },
  { field: "disks[].dvd", ...removable, holds: "dvd: true" },
  { field: "disks[].file", ...everything, holds: "format=vhdx,snapshot=on,file=/c.vhdx" },
  { field: "disks[].format", ...everything, holds: "format=qcow2" },
  {
    field: "nics",
    file: `${devices}network.test.ts`,
    title: "a forwarded port of the host leads into the guest, both ways",
    holds: "forward",
  },
  { field: "nics[] of e1000", ...golden, holds: "e1000," },
  { field: "nics[].mac", ...everything, holds: "mac=52:54" },
  {
    field: "nics[].mtu",
    file: `${devices}mtu.test.ts`,
    title: "Linux takes the MTU that its network card tells, and 1500 where it tells none",
    holds: "mtu: 9000",
  },
  { field: "nics[].backend", ...places, holds: 'backend: "none"' },
  {
    field: "consoles",
    file: "petri-tests/console/backends.test.ts",
    title: "a console that listens is read and typed to from outside, and recorded too",
    holds: "listen=",
  },
  { field: "consoles.com2", ...places, holds: 'com2: "capture"' },
  { field: "consoles.com3", ...everything, holds: 'com3: "capture"' },
  { field: "consoles.com4", file: "src/vmm/v86/process/console.test.ts", title: "may be %s", holds: '"com4"' },
  { field: "consoles.hvc0", ...inLinux, holds: 'hvc0: "capture"' },
  {
    field: "filesystems",
    file: qemuPlan,
    title: "a folder of the host is a 9p device with its tag; a comma in its path stays in it",
    holds: "readonly=on",
  },
  { field: "uuid", ...identity, holds: "product_uuid" },
  { field: "smbios", ...identity, holds: 'serial: "42"' },
  { field: "rng", ...inLinux, holds: "/dev/hwrng" },
  {
    field: "watchdog",
    file: "petri-tests/power/watchdog.test.ts",
    title: "the watchdog resets a hung guest",
    holds: 'watchdog: "any"',
  },
  ...(["reset", "shutdown", "crash"] as const).map((kind) => ({
    field: `power.${kind}`,
    file: "petri-tests/power/actions.test.ts",
    title: `petri boot: every action of a ${kind}`,
    holds: "halt",
  })),
  {
    field: "power.watchdog",
    file: "petri-tests/power/watchdog.test.ts",
    title: "a guest that the watchdog halted prints no more, and can be reset",
    holds: 'watchdog: "halt"',
  },
  { field: "display", ...everything, holds: "-vnc [::1]:1" },
  {
    field: "clock",
    file: "petri-tests/power/warp.test.ts",
    title: "passes while the guest waits for whoever types, who is never in time",
    holds: 'clock: "warp"',
  },
  {
    field: "rtc",
    file: `${devices}clock-chip.test.ts`,
    title: "Linux finds the date that the machine's clock chip begins with",
    holds: 'rtc: "2031',
  },
  { field: "name", ...everything, holds: "-name all" },
  {
    field: "run.accelerator",
    file: openvmmPlan,
    title: "OpenVMM is told the backend that was asked for",
    holds: '["kvm", "mshv", "whp", "hvf"]',
  },
  {
    field: "run.pidfile",
    file: "src/cli/boot.test.ts",
    title: "SIGINT ends the VM in order: 130, the pidfile gone, the record kept",
    holds: "--pidfile",
  },
];

const v86Kernel = { file: v86Plan, title: "a kernel with everything" };
const v86Disks = { file: v86Plan, title: "disks boot in the order they were given, each in its place" };
const v86Firmware = {
  file: "src/vmm/v86/process/firmware.test.ts",
  title: "a disk boots, powers off through ACPI, and boots again",
};

/** The same for v86, whose process has tests of its own. */
export const v86Pins: readonly Pin[] = [
  { field: "boot.kind", ...v86Firmware, holds: "--vga-bios" },
  { field: "boot.firmware", ...v86Firmware, holds: "--bios" },
  { field: "boot.kernel", ...v86Kernel, holds: "--kernel /k" },
  { field: "boot.initrd", ...v86Kernel, holds: "--initrd /i" },
  { field: "boot.cmdline", ...v86Kernel, holds: "--cmdline console=" },
  { field: "memory", ...v86Kernel, holds: "--memory 67108864" },
  { field: "disks", ...v86Disks, holds: "--boot-order cdrom,disk,floppy" },
  { field: "nics", ...v86Kernel, holds: "--nic ne2k" },
  { field: "consoles", file: "src/vmm/v86/process/console.test.ts", title: "may be %s", holds: '"com4"' },
  { field: "consoles.hvc0", ...v86Kernel, holds: "--virtio-console" },
];

/** The pin of a field such as `disks[0].bus`. */
export function pinOf(field: string, among: readonly Pin[]): Pin | undefined {
  const plain = withoutIndex(field);
  const begins = ({ field: start }: Pin) =>
    plain === start || plain.startsWith(`${start} `) || plain.startsWith(`${start}.`) || plain.startsWith(`${start}[`);
  return among.filter(begins).sort((a, b) => b.field.length - a.field.length)[0];
}

/** `disks[].bus` of `disks[0].bus`. */
export function withoutIndex(field: string): string {
  return field.replaceAll(/\[\d+\]/g, "[]");
}
