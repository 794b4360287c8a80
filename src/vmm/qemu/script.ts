import { parseBackend } from "../../machine/console-backend.ts";
import type { ConsoleName, Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, NativeScript, RunPaths } from "../contract.ts";
import { escapeOption } from "./disks.ts";
import { lowerable } from "./lowerable.ts";
import { nativeConsoles, nativePower, withoutHarness } from "./native.ts";
import { lowerQemu } from "./plan.ts";
import { resolveChipset } from "./support.ts";

/**
 * One QEMU command for a person: it runs at once, has the terminal for its first console, and does on power events what
 * QEMU itself can. Throws UnsupportedError with every reason.
 */
export function scriptQemu(
  machine: Machine,
  paths: RunPaths,
  detection: Detection,
  wanted?: AcceleratorName,
): NativeScript {
  const own = withoutHarness(machine);
  const { run, boot, accelerator } = lowerQemu(own, paths, detection, wanted, {
    start: [],
    power: powerArguments(machine),
    log: [],
    control: [],
    consoles: consoleArguments(machine),
  });
  return { run, copies: boot.copies, said: lowerable(machine, { paths, detection, accelerator }) };
}

function powerArguments(machine: Machine): string[] {
  const { reset, shutdown, crash, watchdog } = nativePower(machine);
  const words = [
    `reboot=${reset === "reset" ? "reset" : "shutdown"}`,
    `shutdown=${shutdown === "halt" ? "pause" : "poweroff"}`,
    `panic=${crash === "halt" ? "pause" : crash === "exit:1" ? "exit-failure" : "shutdown"}`,
    ...(machine.watchdog === undefined
      ? []
      : [`watchdog=${{ reset: "reset", halt: "pause" }[watchdog] ?? "poweroff"}`]),
  ];
  return ["-action", words.join(",")];
}

function consoleArguments(machine: Machine): string[] {
  const native = nativeConsoles(machine);
  const ports = ["com1", "com2", "com3", "com4"] as const;
  const last = ports.findLastIndex((name) => native[name] !== undefined);
  const chardev = (name: ConsoleName, backend: string) => ["-chardev", `${chardevOption(backend)},id=${name}`];
  const device = resolveChipset(machine) === "microvm" ? "virtio-serial-device" : "virtio-serial-pci";
  return [
    ...ports.slice(0, last + 1).flatMap((name) => {
      const backend = native[name];
      return backend === undefined ? ["-serial", "none"] : [...chardev(name, backend), "-serial", `chardev:${name}`];
    }),
    ...(native.hvc0 === undefined
      ? []
      : [...chardev("hvc0", native.hvc0), "-device", device, "-device", "virtconsole,chardev=hvc0"]),
  ];
}

function chardevOption(text: string): string {
  const backend = parseBackend(text);
  switch (backend?.kind) {
    case "console":
      return "stdio";
    case "stderr":
      return "file,path=/dev/stderr";
    case "file":
      return `file,path=${escapeOption(backend.path)}`;
    case "listen":
      return `socket,path=${escapeOption(backend.path)},server=on,wait=off`;
    case "listen-tcp":
      return `socket,host=${backend.host},port=${backend.port},server=on,wait=off`;
    default:
      return "pty";
  }
}
