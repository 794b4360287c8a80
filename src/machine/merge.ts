import type { BootKind, MachineInput } from "./machine.ts";

/** Part of a machine, laid over another: a configuration's defaults, flags over an image's own machine. */
export type MachineOverrides = { [K in Exclude<keyof MachineInput, "boot">]?: MachineInput[K] } & {
  boot?: BootOverrides;
};

/** The keys of every kind of boot; which of them belong together is checked on the merged machine. */
export interface BootOverrides {
  kind?: BootKind;
  firmware?: string;
  nvram?: string;
  frontpage?: boolean;
  kernel?: string;
  initrd?: string;
  cmdline?: string;
}

/**
 * Lays one part of a machine over another: fields with named keys merge key by key, lists and words replace.
 * A boot of another kind replaces the whole boot.
 */
export function mergeMachine(base: MachineOverrides, over: MachineOverrides): MachineOverrides {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged[key];
    const merges = isPlain(below) && isPlain(value) && !(key === "boot" && otherKind(base, over));
    merged[key] = merges ? { ...below, ...value } : value;
  }
  // Keys and values all come from two MachineOverrides.
  return merged as MachineOverrides;
}

function otherKind(base: MachineOverrides, over: MachineOverrides): boolean {
  return over.boot?.kind !== undefined && base.boot?.kind !== undefined && over.boot.kind !== base.boot.kind;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
