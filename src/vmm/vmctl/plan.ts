import { join } from "node:path";
import { UnsupportedError } from "../../machine/errors.ts";
import type { ConsoleName, Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, PlanStep, RunPaths, VmmPlan } from "../contract.ts";
import { vmNameOf } from "../vm-name.ts";
import { dialectOf, stopWords } from "./dialect.ts";
import { vmctlSupport } from "./support.ts";

const mib = 2 ** 20;

/**
 * Lowers a machine to vmctl(8): what ends a VM of that name, what makes overlays of its disks, the command that starts it
 * with its console as standard input and output, and what ends it. Pure; throws UnsupportedError with every reason.
 */
export function planVmctl(machine: Machine, paths: RunPaths, detection: Detection, wanted?: AcceleratorName): VmmPlan {
  const refusals = vmctlSupport(machine, detection, wanted);
  if (refusals.length > 0) {
    throw UnsupportedError.of(
      refusals.map(({ axis, reason }) => `${axis}: ${reason}`),
      "vmctl cannot run this machine",
    );
  }
  const vmName = vmNameOf(paths);
  const file = detection.binary ?? "vmctl";
  const hasConsole = (machine.consoles.com1 ?? "none") !== "none";
  const disks = disksOf(machine, paths, detection.version);
  const options = [
    ...(hasConsole ? ["-c"] : []),
    ...["-m", `${machine.memory.size / mib}M`],
    ...(machine.boot.kind === "pcat" && machine.boot.firmware ? ["-b", machine.boot.firmware] : []),
    ...disks.args,
    ...nicArguments(machine),
    ...(machine.vmmOptions?.vmctl ?? []),
  ];
  const { isNameFirst } = dialectOf(detection.version);
  const stop: PlanStep = { file, args: stopWords(detection.version, vmName), mayFail: true };
  return {
    vmm: "vmctl",
    accelerator: "vmm",
    run: { file, args: ["start", ...(isNameFirst ? [vmName, ...options] : [...options, vmName])] },
    steps: {
      prepare: [stop, ...disks.overlays.map(({ base, overlay }) => ({ file, args: ["create", "-b", base, overlay] }))],
      load: [],
      cleanUp: [stop],
    },
    ...(hasConsole && { stdio: "com1" as ConsoleName }),
    consoles: hasConsole ? { com1: join(paths.runDir, "com1") } : {},
    ...(hasConsole && paths.hasFifos && { fifos: ["com1" as ConsoleName] }),
    copies: disks.copies,
    firmware: "seabios",
    isPersistent: machine.disks.some(({ persist }) => persist),
    notes: [
      "vmd tells neither what its guest did nor when: events are concluded from what vmctl status says",
      ...(hasConsole ? ["the console begins with what cu(1) says of its line"] : []),
    ],
  };
}

function disksOf({ disks }: Machine, paths: RunPaths, version: string | undefined) {
  const { hasOverlays } = dialectOf(version);
  const copies: { from: string; to: string }[] = [];
  const overlays: { base: string; overlay: string }[] = [];
  const args = disks.flatMap(({ file, dvd, persist }, index) => {
    if (dvd) return ["-r", file];
    if (persist) return ["-d", file];
    const own = join(paths.runDir, `disk${index}${hasOverlays ? ".qcow2" : ""}`);
    if (hasOverlays) overlays.push({ base: file, overlay: own });
    else copies.push({ from: file, to: own });
    return ["-d", own];
  });
  return { args, copies, overlays };
}

/** `-i` counts all cards, those of `-L` among them; the ones of `-L` come first (usr.sbin/vmctl/main.c). */
function nicArguments({ nics }: Machine): string[] {
  const local = nics.filter(({ backend }) => backend === "user");
  return [...local.map(() => "-L"), ...(nics.length > local.length ? ["-i", String(nics.length)] : [])];
}
