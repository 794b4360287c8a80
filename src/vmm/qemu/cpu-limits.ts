import type { Machine } from "../../machine/machine.ts";
import { listOf, nearestOf } from "../../machine/nearest.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection } from "../contract.ts";

/** Names to offer for one that is not there. */
const offered = 3;

/** CPU models and features that QEMU does not have, or has but not under this accelerator. */
export function refuseCpu(
  { model, features }: Machine["processors"],
  { accelerators, binary }: Detection,
  accelerator: AcceleratorName | undefined,
  refuse: (axis: string, reason: string) => void,
): void {
  if (model === "host" && accelerator === "tcg") {
    refuse("processors.model", "host needs an accelerator that runs guest code on the CPU; write max for tcg");
  }
  const cpu = accelerators.find(({ name }) => name === accelerator)?.cpu;
  if (cpu === undefined) return;
  const listed = `${binary ?? "qemu-system-x86_64"} -cpu help lists them`;
  if (model !== undefined && !cpu.models.includes(model)) {
    refuse("processors.model", `QEMU has no CPU model ${model}${suggestion(model, cpu.models)}; ${listed}`);
  }
  for (const [index, feature] of features.entries()) {
    const axis = `processors.features[${index}]`;
    const name = feature.slice(1);
    const known = [name, name.replaceAll("_", "-")].find((each) => cpu.features.includes(each));
    if (known === undefined) {
      refuse(axis, `QEMU has no CPU feature ${name}${suggestion(name, cpu.features)}; ${listed}`);
    } else if (feature.startsWith("+") && cpu.lacks.includes(known)) {
      refuse(axis, `${accelerator} cannot give a guest ${name}; leave it out, or choose another accelerator`);
    }
  }
}

function suggestion(name: string, known: readonly string[]): string {
  const close = nearestOf(name, known, offered);
  return close.length === 0 ? "" : `; did you mean ${listOf(close)}?`;
}
