import { type Machine, machineFields } from "../../machine/machine.ts";
import type { MachineOverrides } from "../../machine/merge.ts";
import { formatPath, type Problem } from "../../machine/problem.ts";
import { checkMachine } from "../../machine/validate.ts";
import type { ImportSheet } from "./sheet.ts";

const mostRounds = 200;

/**
 * The machine, less what a machine of Petri's cannot be although the VMM would take it: two disks on one writable file,
 * a port forwarded twice. Each such part is put on the sheet.
 */
export function finishMachine(input: MachineOverrides, sheet: ImportSheet): Machine {
  let part: unknown = withoutUndefined(input);
  for (let round = 0; round < mostRounds; round++) {
    const { machine, problems } = checkMachine(part);
    const [problem] = problems;
    if (machine !== undefined) return machine;
    if (problem === undefined) break;
    part = without(part, problem, sheet);
  }
  throw new Error("an imported machine cannot be made sound");
}

/** Takes out the smallest part that the problem is about and that can be left out. */
function without(input: unknown, problem: Problem, sheet: ImportSheet): unknown {
  const [field, index, ...rest] = problem.path;
  const isListed = typeof index === "number";
  const isRequired = field === "boot" || (isListed && rest.length === 1 && (rest[0] === "file" || rest[0] === "tag"));
  const path = isListed && isRequired ? problem.path.slice(0, 2) : problem.path;
  const at = valueAt(input, path) === undefined ? problem.path.slice(0, isListed ? 2 : 1) : path;
  const value = valueAt(input, at);
  if (value === undefined || field === undefined || !(field in machineFields.shape)) {
    throw new Error(`an imported machine is not sound: ${formatPath(problem.path)}: ${problem.message}`);
  }
  sheet.drop(
    `${formatPath(at)} = ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
    problem.message,
  );
  return cut(input, at);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}

function cut(input: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (Array.isArray(input)) {
    const list: unknown[] = input;
    return rest.length === 0
      ? list.filter((_item, index) => index !== key)
      : list.map((item, index) => (index === key ? cut(item, rest) : item));
  }
  return Object.fromEntries(
    Object.entries(input as object).flatMap(([name, value]) => {
      if (name !== key) return [[name, value]];
      return rest.length === 0 ? [] : [[name, cut(value, rest)]];
    }),
  );
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, withoutUndefined(each)]])),
  );
}
