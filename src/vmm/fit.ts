import type { DiskBus } from "../machine/disk.ts";
import type { Machine } from "../machine/machine.ts";
import type { AcceleratorName } from "../machine/placement.ts";
import type { Detection, Refusal, Vmm } from "./contract.ts";
import type { NotCarried } from "./import/sheet.ts";

export interface Fitted {
  readonly machine: Machine;
  /** What was changed for this VMM: the field as it was, and why. */
  readonly changed: readonly NotCarried[];
  /** What no change helps against; empty if the machine can run. */
  readonly refusals: readonly Refusal[];
}

interface Change {
  readonly machine: Machine;
  readonly what: string;
  readonly instead: string;
}

const mostChanges = 100;

/**
 * A machine that came from another VMM, changed as little as this one needs: a chipset or a CPU model that it has no word
 * for, the bus of a disk, a network card that leads nowhere. What a guest cannot do without is refused as ever: its
 * memory, its processors, its way of booting. Pure.
 */
export function fitMachine(
  machine: Machine,
  vmm: Pick<Vmm, "name" | "support">,
  detection: Detection,
  accelerator?: AcceleratorName,
): Fitted {
  const changed: NotCarried[] = [];
  let fitted = machine;
  for (let round = 0; round < mostChanges; round++) {
    const refusals = vmm.support(fitted, detection, accelerator);
    const step = firstHelp(fitted, refusals, (other) => vmm.support(other, detection, accelerator).length);
    if (step === undefined) return { machine: fitted, changed, refusals };
    changed.push({ option: step.change.what, reason: `${step.reason}: ${step.change.instead}` });
    fitted = step.change.machine;
  }
  return { machine: fitted, changed, refusals: vmm.support(fitted, detection, accelerator) };
}

function firstHelp(machine: Machine, refusals: readonly Refusal[], count: (machine: Machine) => number) {
  for (const { axis, reason } of refusals) {
    const change = changesOf(axis, machine).find((each) => count(each.machine) < refusals.length);
    if (change !== undefined) return { change, reason };
  }
  return undefined;
}

/** What could be done about a refusal on that axis, the least first. */
function changesOf(axis: string, machine: Machine): Change[] {
  const [, list, position, key] = /^(disks|nics)(?:\[(\d+)\])?(?:\.(.*))?$/.exec(axis) ?? [];
  if (list === "disks") return at(position, machine.disks).flatMap((index) => diskChanges(machine, index, key));
  if (list === "nics") return at(position, machine.nics).flatMap((index) => nicChanges(machine, index));
  const [field = "", part] = axis.split(".");
  const { processors, memory } = machine;
  const left = (what: string, other: Partial<Machine>): Change[] => [
    { machine: { ...machine, ...other }, what, instead: "left out" },
  ];
  switch (field) {
    case "chipset":
      return [
        { machine: { ...machine, chipset: "auto" }, what: `chipset ${machine.chipset}`, instead: "its own is taken" },
      ];
    case "processors":
      if (part === "model")
        return left(`processors.model ${processors.model}`, { processors: without(processors, "model") });
      if (part === "features")
        return left(`processors.features ${processors.features.join(" ")}`, {
          processors: { ...processors, features: [] },
        });
      return [];
    case "memory":
      if (part === undefined || part === "size" || !(part in memory)) return [];
      if (part === "prefetch" || part === "hugepages") return left(axis, { memory: { ...memory, [part]: false } });
      // A key that may be absent, as every other one of memory's may.
      return left(axis, { memory: without(memory, part as "shared") });
    case "uuid":
    case "smbios":
      return [{ machine: without(machine, field), what: field, instead: "left out" }];
    case "rtc":
      return [{ machine: { ...machine, rtc: "utc" }, what: `rtc ${machine.rtc}`, instead: "utc is taken" }];
    case "rng":
      return left("rng", { rng: false });
    case "display":
      return left("display", { display: "none" });
    default:
      return [];
  }
}

function at(position: string | undefined, list: readonly unknown[]): number[] {
  return position === undefined ? [...list.keys()] : [Number(position)];
}

const buses: readonly DiskBus[] = ["virtio", "ahci", "scsi", "nvme", "ide", "usb"];

function diskChanges(machine: Machine, index: number, key: string | undefined): Change[] {
  const disk = machine.disks[index];
  if (disk === undefined) return [];
  const put = (other: typeof disk): Machine => ({ ...machine, disks: machine.disks.with(index, other) });
  const what = `${disk.file}: ${key ?? "bus"} ${String(disk[(key ?? "bus") as "bus"])}`;
  if (key === "persist")
    return [{ machine: put({ ...disk, persist: false }), what, instead: "writes are thrown away" }];
  if (key === "readOnly")
    return [{ machine: put({ ...disk, readOnly: false }), what, instead: "writes are thrown away" }];
  const plain = without(disk, "slot");
  const noSlot = {
    machine: put(plain),
    what: `${disk.file}: slot ${disk.slot}`,
    instead: "the next free one is taken",
  };
  return [
    ...(disk.slot === undefined ? [] : [noSlot]),
    ...buses.map((bus) => ({
      machine: put({ ...plain, bus }),
      what: `${disk.file}: bus ${disk.bus}`,
      instead: `${bus} is taken`,
    })),
  ];
}

function nicChanges(machine: Machine, index: number): Change[] {
  const nic = machine.nics[index];
  if (nic === undefined) return [];
  const put = (...others: (typeof nic)[]): Machine => ({
    ...machine,
    nics: machine.nics.toSpliced(index, 1, ...others),
  });
  return [
    { machine: put(without(nic, "mtu")), what: `nics[${index}].mtu ${nic.mtu}`, instead: "left out" },
    { machine: put(without(nic, "mac")), what: `nics[${index}].mac ${nic.mac}`, instead: "left out" },
    {
      machine: put({ ...nic, model: "virtio" }),
      what: `nics[${index}].model ${nic.model}`,
      instead: "virtio is taken",
    },
    {
      machine: put({ ...nic, backend: "none", forward: [] }),
      what: `nics[${index}].backend ${nic.backend}`,
      instead: "the card is left unplugged",
    },
    { machine: put(), what: `nics[${index}]`, instead: "left out" },
  ];
}

function without<T extends object, K extends keyof T>(value: T, key: K): T {
  const { [key]: _, ...rest } = value;
  // Every key that comes here may be absent.
  return rest as T;
}
