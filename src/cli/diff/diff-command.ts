import { diffMachines } from "../../machine/diff.ts";
import { show } from "../../machine/problem.ts";
import { formatSize } from "../../machine/size.ts";
import { toJsonLine } from "../json-line.ts";
import { writeTo } from "../output.ts";
import { readMachine } from "../read-machine.ts";

export async function diffCommand(a: string, b: string, json: boolean): Promise<number> {
  const [left, right] = [await readMachine(a), await readMachine(b)];
  const differences = diffMachines(left.machine, right.machine);
  if (json) {
    const sides = differences.map(({ path, a: before, b: after }) => ({ path, a: before ?? null, b: after ?? null }));
    await writeTo(process.stdout, toJsonLine(sides));
  } else {
    const lines = differences.map((each) => `${each.path}: ${side(each.path, each.a)} → ${side(each.path, each.b)}\n`);
    await writeTo(process.stdout, lines.join(""));
  }
  return differences.length === 0 ? 0 : 1;
}

function side(path: string, value: unknown): string {
  if (typeof value === "number" && /size$/i.test(path)) return formatSize(value);
  return value === undefined ? "(absent)" : show(value);
}
