import { acceleratorNames, vmmNames } from "../placement.ts";
import { choice, type MachineOption, withMachine, withRun } from "./option.ts";

const group = "Placement";
const chipsets = ["auto", "pc", "q35", "microvm"] as const;

export const placementOptions: readonly MachineOption[] = [
  {
    name: "vmm",
    value: vmmNames.join("|"),
    help: "the program that runs the machine",
    group,
    origin: "petri",
    example: "--uefi --vmm qemu",
    apply: (draft, text, report) => {
      const vmm = choice(vmmNames, text, report);
      return vmm === undefined ? draft : withRun(draft, { vmm });
    },
  },
  {
    name: "hypervisor",
    value: acceleratorNames.join("|"),
    help: "what executes guest code; the best one that works if absent. tcg is QEMU's emulation",
    group,
    origin: "openvmm",
    example: "--uefi --hypervisor kvm",
    apply: (draft, text, report) => {
      const [name = "", ...parameters] = text.split(":");
      if (parameters.length > 0) report.notCarried(`parameters (":${parameters.join(":")}") are not carried yet`);
      const accelerator = choice(acceleratorNames, name, report);
      return accelerator === undefined ? draft : withRun(draft, { accelerator });
    },
  },
  {
    name: "host",
    value: "NAME",
    help: "the host the VMM runs on: local, or one reached over SSH",
    group,
    origin: "petri",
    example: "--uefi --host local",
    apply: (draft, host, report) => {
      if (host !== "") return withRun(draft, { host });
      report.wrong("the name is missing: write local or ssh://USER@HOST");
      return draft;
    },
  },
  {
    name: "name",
    value: "NAME",
    help: "the machine's name",
    group,
    origin: "petri",
    example: "--uefi --name router",
    sets: "name",
    apply: (draft, name) => withMachine(draft, { name }),
  },
  {
    name: "chipset",
    value: chipsets.join("|"),
    help: "auto takes the smallest one that carries the machine",
    group,
    origin: "petri",
    example: "--uefi --chipset q35",
    sets: "chipset",
    apply: (draft, text, report) => {
      const chipset = choice(chipsets, text, report);
      return chipset === undefined ? draft : withMachine(draft, { chipset });
    },
  },
  {
    name: "paused",
    short: "P",
    help: "start paused; the machine runs when told to resume",
    group,
    origin: "openvmm",
    example: "--uefi --paused",
    apply: (draft) => withRun(draft, { paused: true }),
  },
  {
    name: "pidfile",
    value: "PATH",
    help: "write the process id here at the start; removed on a clean exit",
    group,
    origin: "openvmm",
    example: "--uefi --pidfile vm.pid",
    apply: (draft, pidfile, report) => {
      if (pidfile !== "") return withRun(draft, { pidfile });
      report.wrong("the path is missing");
      return draft;
    },
  },
];
