import { imageSupport } from "../image/support.ts";
import type { Machine } from "../machine/machine.ts";
import type { AcceleratorName, Placement } from "../machine/placement.ts";
import { parseMachine } from "../machine/validate.ts";
import { applyImage, type MachinePart } from "../vm/apply-image.ts";
import { detectionOf, refusals } from "../vm/detection.ts";
import type { Detection } from "../vmm/contract.ts";
import { type Cell, imageName } from "./cell.ts";
import { imageOutline } from "./cell-machine.ts";
import { type Need, unmetNeeds } from "./needs.ts";
import type { RunContext } from "./run-context.ts";

/** What becomes of a cell: it runs, is skipped, or fails because a job promised what is not there. */
export type Verdict =
  | { readonly kind: "runs"; readonly accelerator: AcceleratorName | undefined }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "broken-promise"; readonly reason: string };

export function judge(
  cell: Cell,
  machine: MachinePart,
  needs: readonly Need[],
  run: Pick<RunContext, "detections" | "filters" | "unbuildable">,
): Verdict {
  if (cell.leftOut !== undefined) return { kind: "skipped", reason: cell.leftOut };
  const unmet = [
    ...(typeof cell.image === "string" ? imageSupport(cell.image, cell.boot) : []),
    ...unmetNeeds(needs, cell),
  ];
  if (unmet.length > 0) return skipped(unmet);
  const detection = detectionOf(cell.vmm, run.detections);
  const placement = placementOf(cell, run);
  const wanted = run.filters.accelerator;
  if (wanted && placement.accelerator === undefined && detection.present) {
    return skipped([`left out by --hypervisor ${wanted.join(",")}`]);
  }
  const unbuildable = typeof cell.image === "string" ? run.unbuildable[cell.image] : undefined;
  const isPromised = run.filters.require.includes(cell.vmm);
  const missing = [
    ...missingReasons(placement, detection),
    ...(unbuildable === undefined ? [] : [unbuildable]),
    ...(isPromised && detection.isDouble ? [`${cell.vmm} is here as a double only, which proves nothing of it`] : []),
  ];
  if (missing.length > 0) {
    return { kind: isPromised ? "broken-promise" : "skipped", reason: missing.join("; ") };
  }
  const outline = imageOutline(cell.image, cell.boot);
  const whole = parseMachine(applyImage(machine, outline, cell.vmm));
  const reasons = refusalsOf(whole, placement, run.detections);
  const accelerator = acceleratorOf(whole, placement, run.detections);
  const widest = widestMode(detection, accelerator);
  if (reasons.length === 0 && outline.cpuMode > widest) {
    reasons.push(
      `${imageName(cell.image)} by ${cell.boot} is a ${outline.cpuMode}-bit guest; ${cell.vmm} runs ${widest}-bit ones`,
    );
  }
  return reasons.length > 0 ? skipped(reasons) : { kind: "runs", accelerator };
}

/** What else is refused follows from a way of booting that the VMM does not have. */
function refusalsOf(machine: Machine, placement: Placement, detections: readonly Detection[]): string[] {
  const all = refusals(machine, placement, detections);
  const boot = all.filter(({ axis }) => axis === "boot");
  return (boot.length > 0 ? boot : all).map(({ reason }) => reason);
}

/** Where a cell runs: under the accelerator it names, or the first of `--hypervisor` that its VMM knows. */
export function placementOf(
  cell: Cell,
  { filters, detections }: Pick<RunContext, "detections" | "filters">,
): Placement {
  const known = detectionOf(cell.vmm, detections).accelerators.map(({ name }) => name);
  const accelerator = cell.accelerator ?? filters.accelerator?.find((name) => known.includes(name));
  return { vmm: cell.vmm, host: "local", ...(accelerator !== undefined && { accelerator }) };
}

/** Why the VMM or accelerator is not there, or does not work: what `--require` is about. */
export function missingReasons(
  { vmm, accelerator }: Pick<Placement, "vmm" | "accelerator">,
  detection: Detection,
): string[] {
  if (!detection.present) return [`${vmm} is not here: ${sentences(detection) || "not found"}`];
  const working = detection.accelerators.filter((found) => found.works);
  if (working.length === 0) {
    const why = detection.accelerators.map(({ name, reason }) => `${name}: ${reason}`);
    return [`${vmm} runs no guest here: ${why.join("; ") || sentences(detection)}`];
  }
  if (accelerator === undefined || working.some((found) => found.name === accelerator)) return [];
  const found = detection.accelerators.find((each) => each.name === accelerator);
  return [`${vmm} cannot use ${accelerator} here: ${found?.reason ?? "it knows no such accelerator"}`];
}

/** The accelerator that will be used: the one named, else the best that works and can run this machine. */
function acceleratorOf(
  machine: Machine,
  placement: Placement,
  detections: readonly Detection[],
): AcceleratorName | undefined {
  if (placement.accelerator !== undefined) return placement.accelerator;
  const { accelerators } = detectionOf(placement.vmm, detections);
  const runs = (accelerator: AcceleratorName) =>
    refusals(machine, { ...placement, accelerator }, detections).length === 0;
  return accelerators.find(({ name, works }) => works && runs(name))?.name;
}

function widestMode(detection: Detection, accelerator: AcceleratorName | undefined): number {
  const usable = detection.accelerators.filter((found) => found.works && (accelerator ?? found.name) === found.name);
  return Math.max(...usable.map((found) => found.cpuMode ?? 64));
}

function sentences({ notes, fixes }: Detection): string {
  return [...notes, ...fixes].join("; ");
}

function skipped(reasons: readonly string[]): Verdict {
  return { kind: "skipped", reason: reasons.join("; ") };
}
