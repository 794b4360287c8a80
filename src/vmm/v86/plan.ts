import { join } from "node:path";
import { UnsupportedError } from "../../machine/errors.ts";
import { type ConsoleName, consoleNames, type Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, RunPaths, VmmPlan } from "../contract.ts";
import { withSlots } from "../slots.ts";
import { placeOf, v86Support, watchdogOf } from "./support.ts";

/** Lowers a machine to a petri-v86 command line. Pure; throws UnsupportedError with every reason. */
export function planV86(machine: Machine, paths: RunPaths, detection: Detection, wanted?: AcceleratorName): VmmPlan {
  const refusals = v86Support(machine, detection, wanted);
  if (refusals.length > 0) {
    throw UnsupportedError.of(
      refusals.map(({ axis, reason }) => `${axis}: ${reason}`),
      "v86 cannot run this machine",
    );
  }
  const consoles: Partial<Record<ConsoleName, string>> = {};
  const consoleArgs = consoleNames
    .filter((name) => (machine.consoles[name] ?? "none") !== "none")
    .flatMap((name) => {
      const path = join(paths.runDir, name);
      consoles[name] = path;
      return [name === "hvc0" ? "--virtio-console" : `--${name}`, `unix:${path}`];
    });
  const control = join(paths.runDir, "control");
  const watchdog = watchdogOf(machine);
  return {
    vmm: "v86",
    accelerator: "jit",
    run: {
      file: process.execPath,
      args: [
        detection.binary ?? "petri-v86",
        ...["--control", `unix:${control}`],
        ...consoleArgs,
        ...["--memory", String(machine.memory.size)],
        ...bootArguments(machine, detection),
        ...withSlots(machine.disks).flatMap((disk) => [`--${placeOf(disk)}`, disk.file]),
        ...machine.nics.flatMap((nic) => ["--nic", nic.model]),
        ...(watchdog ? ["--watchdog", watchdog] : []),
        ...(machine.vmmOptions?.v86 ?? []),
      ],
    },
    consoles,
    control,
    copies: [],
    firmware: machine.boot.kind === "pcat" ? "seabios" : "none",
    isPersistent: false,
    ...(watchdog ? { watchdog } : {}),
    notes: [],
  };
}

function bootArguments({ boot, disks }: Machine, detection: Detection): string[] {
  const bios = detection.firmware.find((each) => each.boot === "pcat");
  switch (boot.kind) {
    case "uefi":
      return [];
    case "pcat": {
      const vga = boot.firmware ? undefined : bios?.vgaBios;
      const order = [...new Set(disks.map((disk) => (disk.dvd ? "cdrom" : disk.bus === "floppy" ? "floppy" : "disk")))];
      return [
        ...["--bios", boot.firmware ?? bios?.code ?? ""],
        ...(vga ? ["--vga-bios", vga] : []),
        ...(order.length > 0 ? ["--boot-order", order.join(",")] : []),
      ];
    }
    case "kernel":
      return [
        ...["--kernel", boot.kernel],
        ...(boot.initrd ? ["--initrd", boot.initrd] : []),
        ...(boot.cmdline ? ["--cmdline", boot.cmdline] : []),
      ];
  }
}
