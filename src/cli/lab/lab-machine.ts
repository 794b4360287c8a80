import { existsSync, readFileSync } from "node:fs";
import { UnsupportedError, UsageError } from "../../machine/errors.ts";
import type { Placement } from "../../machine/placement.ts";
import type { MachinePart } from "../../vm/apply-image.ts";
import type { Detection } from "../../vmm/contract.ts";

export interface LabSize {
  readonly memory: string;
  readonly processors: number;
}

/** The folders a lab is given: the exchange is where it says how it goes. */
export interface LabFolders {
  readonly exchange: string;
  readonly working: string;
}

/** The lab as a machine: the host's root to read, the working folder to write, and a CPU that can run guests. */
export function labMachine(size: LabSize, folders: LabFolders, accelerator: "kvm" | "tcg"): MachinePart {
  const cpu = accelerator === "kvm" ? { model: "host" } : { model: "max", features: ["+svm"] };
  return {
    name: "lab",
    processors: { count: size.processors, ...cpu },
    memory: { size: size.memory },
    rng: true,
    filesystems: [
      { kind: "9p", tag: "petri", path: folders.exchange },
      { kind: "9p", tag: "root", path: "/", readOnly: true },
      { kind: "9p", tag: "work", path: folders.working },
    ],
    // Whatever ends it, it stays as it is until it has been judged.
    power: { reset: "halt", shutdown: "halt", crash: "halt" },
  };
}

/** KVM where its guests can have guests of their own, else TCG, whose CPU has SVM with nested paging. */
export function labPlacement(detection: Detection | undefined, nested = hasNestedKvm()) {
  const kvm = detection?.accelerators.find(({ name }) => name === "kvm");
  // Proven with a plainer CPU model only, it hides what nesting needs.
  const accelerator = kvm?.works && kvm.cpuModel === undefined && nested ? "kvm" : "tcg";
  return { vmm: "qemu", host: "local", accelerator } satisfies Placement;
}

function hasNestedKvm(): boolean {
  return ["kvm_intel", "kvm_amd"].some((module) => {
    const file = `/sys/module/${module}/parameters/nested`;
    return existsSync(file) && /^[Y1]/.test(readFileSync(file, "utf8"));
  });
}

/** Throws UnsupportedError on a host whose programs the lab's kernel could not run. */
export function requireLabHost(platform = process.platform, arch = process.arch): void {
  if (platform === "linux" && arch === "x64") return;
  throw new UnsupportedError(
    `a lab runs its host's programs under an x86-64 Linux, and this host is ${platform} ${arch}\n  run petri lab on an x86-64 Linux host`,
  );
}

/** Throws UsageError for a folder that the lab cannot be given to write to. */
export function checkWorkingFolder(folder: string): void {
  if (folder === "/" || /^\/(proc|sys|dev)(\/|$)/.test(folder)) {
    throw new UsageError(`the lab may write to the working folder, and that is ${folder}: go to a folder of your own`);
  }
}
