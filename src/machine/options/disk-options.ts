import { type DiskBus, diskBuses } from "../disk.ts";
import { readDisk } from "./disk-text.ts";
import { type ListGrammar, readList, textKey } from "./list-text.ts";
import { choice, type Draft, type MachineOption, type Report, withRun } from "./option.ts";

const group = "Disks";
const spec = "[file:]PATH[,ro][,dvd][,persist][,format=F][,slot=N]";
const value = "DISK";

function disk(bus?: DiskBus) {
  return (draft: Draft, text: string, report: Report): Draft => {
    const disk = readDisk(text, bus, report);
    return disk === undefined ? draft : { ...draft, disks: [...draft.disks, disk] };
  };
}

const controllerList: ListGrammar<{ id: string }> = {
  keys: { id: textKey("a name of your choice", (id) => ({ id })) },
  notCarried: ["sub_channels", "vtl2", "pcie_port", "vpci"],
};

function controller(bus: DiskBus) {
  return (draft: Draft, text: string, report: Report): Draft => {
    const { id } = readList(text, controllerList, report);
    if (id === undefined) {
      report.wrong("the name is missing: write id=NAME");
      return draft;
    }
    if (draft.controllers.some((other) => other.id === id)) {
      report.wrong(`id=${id} is given twice: choose another`);
      return draft;
    }
    return { ...draft, controllers: [...draft.controllers, { id, bus, report }] };
  };
}

export const diskOptions: readonly MachineOption[] = [
  {
    name: "disk",
    value,
    help: `a disk: ${spec}[,bus=B]; what the guest writes is thrown away without persist; a comma in PATH is written twice`,
    group,
    origin: "openvmm",
    repeats: true,
    example: "--uefi --disk file:debian.qcow2,bus=nvme --disk cidata.iso",
    sets: "disks",
    apply: disk(),
  },
  {
    name: "virtio-blk",
    value,
    help: `a disk on virtio: ${spec}`,
    group,
    origin: "openvmm",
    repeats: true,
    example: "--kernel vmlinuz --virtio-blk file:root.raw,ro",
    sets: "disks",
    apply: disk("virtio"),
  },
  {
    name: "ide",
    value,
    help: `a disk or dvd on IDE: ${spec}[,s]; s puts it on the secondary channel`,
    group,
    origin: "openvmm",
    repeats: true,
    example: "--pcat --ide file:disk.img --ide file:boot.iso,dvd,s",
    sets: "disks",
    apply: disk("ide"),
  },
  {
    name: "floppy",
    value,
    help: "a floppy disk: [file:]PATH[,ro]",
    group,
    origin: "openvmm",
    repeats: true,
    example: "--pcat --floppy file:dos.img,ro",
    sets: "disks",
    apply: disk("floppy"),
  },
  {
    name: "vmbus-scsi",
    value: "id=NAME",
    help: "names a SCSI controller for --disk on=NAME",
    group,
    origin: "openvmm",
    repeats: true,
    example: "--uefi --vmbus-scsi id=scsi0 --disk file:debian.raw,on=scsi0",
    apply: controller("scsi"),
  },
  {
    name: "nvme-pci",
    value: "id=NAME",
    help: "names an NVMe controller for --disk on=NAME",
    group,
    origin: "openvmm",
    repeats: true,
    example: "--uefi --nvme-pci id=nvme0 --disk file:debian.raw,on=nvme0",
    apply: controller("nvme"),
  },
  {
    name: "bus",
    value: diskBuses.join("|"),
    help: "the bus of every disk that names none",
    group,
    origin: "petri",
    example: "--uefi --bus ahci --disk file:debian.raw",
    apply: (draft, text, report) => {
      const bus = choice(diskBuses, text, report);
      return bus === undefined ? draft : withRun(draft, { bus });
    },
  },
];
