import type { SoundFields } from "./machine.ts";
import type { Problem } from "./problem.ts";
import { bootRules } from "./rules/boot.ts";
import { diskRules } from "./rules/disks.ts";
import { filesystemRules } from "./rules/filesystems.ts";
import { hostRules } from "./rules/host-claims.ts";
import { memoryRules } from "./rules/memory.ts";
import { nicRules } from "./rules/nics.ts";
import { portRules } from "./rules/ports.ts";
import { powerRules } from "./rules/power.ts";
import { processorRules } from "./rules/processors.ts";
import { vsockRules } from "./rules/vsock.ts";

/**
 * What no field can know alone. A rule sees the fields whose own shape is right and must say nothing about
 * those that are absent, so that one mistake is reported once, beside all the others.
 */
export type Rule = (machine: SoundFields, broken: ReadonlySet<PropertyKey>) => Problem[];

const rules: readonly Rule[] = [
  ...[
    bootRules,
    processorRules,
    memoryRules,
    diskRules,
    nicRules,
    filesystemRules,
    hostRules,
    powerRules,
    vsockRules,
    portRules,
  ],
];

export function checkRules(machine: SoundFields, broken: ReadonlySet<PropertyKey> = new Set()): Problem[] {
  return rules.flatMap((rule) => rule(machine, broken));
}
