import type { DiskInput } from "../../../machine/disk.ts";
import type { MachineOverrides } from "../../../machine/merge.ts";
import type { NicInput } from "../../../machine/nic.ts";
import { readSize } from "../../../machine/size.ts";
import type { ImportSheet } from "../../import/sheet.ts";

/** What vmctl's options and vm.conf's stanzas say alike. */
export interface Vm {
  name?: string;
  memory?: string;
  boot?: string;
  bootDevice?: string;
  cdrom?: string;
  isAttached?: boolean;
  readonly disks: string[];
  /** `local`, or `switch NAME`. */
  readonly networks: string[];
  macs?: readonly (string | undefined)[];
  /** There are as many cards as this says, or as there are networks. */
  interfaces: number;
}

/** vmd's defaults: 512M, one vCPU, SeaBIOS, virtio disks, com1 on a pty (vmctl(8), vm.conf(5)). */
export function machineOf(vm: Vm, sheet: ImportSheet): MachineOverrides {
  const size = vm.memory === undefined ? 512 * 2 ** 20 : parseScaled(vm.memory);
  if (size === undefined && !(vm.memory ?? "").includes("$")) sheet.refuse(`vmctl: invalid memory size: ${vm.memory}`);
  if (vm.name !== undefined && /^[^A-Za-z0-9$]/.test(vm.name)) sheet.refuse(`vmctl: invalid VM name: ${vm.name}`);
  const disks = vm.disks.map(readDisk);
  const dvd: DiskInput[] = vm.cdrom === undefined ? [] : [{ file: vm.cdrom, bus: "scsi", dvd: true }];
  if (vm.bootDevice === "net") sheet.drop("-B net", "a machine boots disks and kernels, not from the network");
  const isNumber = vm.name !== undefined && /^\d+$/.test(vm.name);
  const mebibytes = Math.max(1, Math.floor((size ?? 512 * 2 ** 20) / 2 ** 20));
  return {
    ...(vm.name === undefined || isNumber ? {} : { name: vm.name }),
    boot: readBoot(vm.boot, sheet),
    processors: { count: 1 },
    memory: { size: mebibytes * 2 ** 20 },
    disks: vm.bootDevice === "cdrom" ? [...dvd, ...disks] : [...disks, ...dvd],
    nics: readNics(vm, sheet),
    consoles: { com1: vm.isAttached ? "console" : "capture" },
    // viornd(4) is always there.
    rng: true,
  };
}

function readDisk(text: string): DiskInput {
  const [, format, file = text] = /^(qcow2|raw):(.*)$/.exec(text) ?? [];
  const known = format ?? (/\.qcow2$/i.test(file) ? "qcow2" : undefined);
  return { file, bus: "virtio", persist: true, ...(known === undefined ? {} : { format: known as "raw" | "qcow2" }) };
}

/** -b is an OpenBSD kernel, or a BIOS of at most 1 MiB; only its name is there to tell them apart. */
function readBoot(boot: string | undefined, sheet: ImportSheet): NonNullable<MachineOverrides["boot"]> {
  if (boot === undefined) return { kind: "pcat" };
  if (/bios/i.test(boot)) return { kind: "pcat", firmware: boot };
  sheet.drop(`-b ${boot}`, "taken for a kernel: vmd also boots BIOS images so");
  return { kind: "kernel", kernel: boot };
}

function readNics({ networks, interfaces, macs = [] }: Vm, sheet: ImportSheet): NicInput[] {
  for (const network of new Set(networks)) {
    const reason =
      network === "local"
        ? "vmd's own network: the card is put behind user-mode NAT"
        : "a network of the host's: the card is put behind user-mode NAT";
    const said = network === "local" ? "-L" : network === "switch ?" ? "interface" : network.replace("switch", "-n");
    sheet.drop(said, reason);
  }
  const count = Math.min(Math.max(interfaces, networks.length), 32);
  if (count > networks.length) sheet.drop(`-i ${interfaces}`, "cards on no network are left unplugged");
  return Array.from({ length: count }, (_each, index): NicInput => {
    const mac = macs[index];
    return {
      model: "virtio",
      backend: index < networks.length ? "user" : "none",
      ...(mac === undefined ? {} : { mac }),
    };
  });
}

/** scan_scaled(3): a number, possibly broken, with B, K, M, G, T, P or E. */
export function parseScaled(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(text) ?? [];
  const one = readSize(`1${unit.toUpperCase() === "B" ? "" : unit}`);
  return number === undefined || one === undefined ? undefined : Math.floor(Number(number) * one);
}
