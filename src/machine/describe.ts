import type { Boot, Disk, Machine } from "./machine.ts";
import { showWord } from "./problem.ts";
import { humanSize } from "./size.ts";

/**
 * A machine in one line, for errors and lists.
 *
 * @example describeMachine(machine) // "2 vCPUs, 1 GiB, uefi, disk virtio d.img (throw-away), com1"
 */
export function describeMachine(machine: Machine): string {
  const { arch, boot, processors, memory, disks, nics, consoles, rng, vsock, ports, watchdog, display } = machine;
  const lines = Object.entries(consoles).filter(([, backend]) => backend !== undefined && backend !== "none");
  return [
    ...(arch === "x86_64" ? [] : [arch]),
    `${processors.count} ${processors.count === 1 ? "vCPU" : "vCPUs"}`,
    humanSize(memory.size),
    describeBoot(boot),
    ...disks.map(describeDisk),
    ...nics
      .filter(({ backend }) => backend !== "none")
      .map(
        ({ model, forward }) =>
          `nic ${[model, ...forward.map((port) => `${port.hostPort}→${port.guestPort}`)].join(" ")}`,
      ),
    ...(rng ? ["rng"] : []),
    ...(vsock === undefined ? [] : ["vsock"]),
    ...(watchdog === undefined ? [] : [describeWatchdog(watchdog)]),
    ...(display === "none" ? [] : [display === "headless" ? display : `vnc ${display.vnc.listen}:${display.vnc.port}`]),
    ...lines.map(([name]) => name),
    ...ports.map((name) => `port ${name}`),
  ].join(", ");
}

function describeBoot(boot: Boot): string {
  if (boot.kind === "pcat" || boot.kernel === undefined) return boot.kind;
  return `${boot.kind === "uefi" ? "uefi kernel" : "kernel"} ${showWord(boot.kernel)}`;
}

function describeWatchdog(watchdog: NonNullable<Machine["watchdog"]>): string {
  if (typeof watchdog === "string") return `watchdog ${watchdog}`;
  return `heartbeat on ${watchdog.console} within ${watchdog.heartbeat / 1000} s`;
}

function describeDisk({ file, bus, dvd, readOnly, persist }: Disk): string {
  const keeps = persist ? "kept" : readOnly ? "read-only" : "throw-away";
  return `${dvd ? "dvd" : "disk"} ${bus} ${showWord(file)} (${keeps})`;
}
