import { readFileSync } from "node:fs";
import { z } from "zod";
import { UsageError } from "../machine/errors.ts";
import type { TestResult } from "../report/model.ts";

/** How many cells must have run, in all or by some of a cell's words: `{ "qemu uefi": 4, "v86": 6 }`. */
export type Floor = Readonly<Record<string, number>>;

const floorSchema = z.record(z.string().regex(/^\S+( \S+)*$/), z.number().int().min(0));
const form = 'write a number, or a JSON file such as { "qemu": 20, "qemu uefi": 4, "v86": 10 }';

/** A number of cells, or the path of a file that says how many of which. Throws UsageError for anything else. */
export function readFloor(source: number | string): Floor {
  if (/^\d+$/.test(String(source))) return { "": Number(source) };
  try {
    return floorSchema.parse(JSON.parse(readFileSync(source, "utf8")));
  } catch (cause) {
    throw new UsageError(`the floor ${source} cannot be read: ${(cause as Error).message}\n  ${form}`, { cause });
  }
}

/** What ran less than it must: one sentence each. A skipped cell has not run. */
export function belowFloor(floor: Floor, tests: readonly TestResult[]): string[] {
  const ran = tests.filter((test) => test.cell && test.outcome !== "skipped");
  return Object.entries(floor).flatMap(([words, least]) => {
    const count = ran.filter((test) => matches(words, test)).length;
    return count >= least ? [] : [`only ${count}${words && ` ${words}`} cells ran; the floor is ${least}`];
  });
}

function matches(words: string, { cell }: TestResult): boolean {
  const own = cell ? [cell.vmm, cell.boot, cell.image, cell.accelerator] : [];
  return words === "" || words.split(" ").every((word) => own.includes(word));
}
