import type { Machine } from "./machine.ts";
import { formatPath } from "./problem.ts";

/** One field in which two machines differ; a side that does not have it is undefined. */
export interface Difference {
  /** `disks[0].bus`, as one writes it in TypeScript. */
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** Every field in which two machines differ, in the order of the machine's fields. */
export function diffMachines(a: Machine, b: Machine): Difference[] {
  return diff(a, b, []);
}

function diff(a: unknown, b: unknown, path: readonly PropertyKey[]): Difference[] {
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_each, index) => diff(a[index], b[index], [...path, index])).flat();
  }
  if (isPlain(a) && isPlain(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].flatMap((key) => diff(a[key], b[key], [...path, key]));
  }
  return Object.is(a, b) ? [] : [{ path: formatPath(path), a, b }];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
