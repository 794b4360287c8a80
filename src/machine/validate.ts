import { settleDisk } from "./disk.ts";
import { UsageError } from "./errors.ts";
import { accepted, toProblems } from "./issue-text.ts";
import { type Machine, machineFields, machineSchema, type SoundFields } from "./machine.ts";
import { formatProblem, type Problem, problem, show } from "./problem.ts";
import { checkRules } from "./rules.ts";

/**
 * The machine that the input describes, with its defaults filled in. Throws one UsageError that names every
 * problem: wrong values, unknown keys, combinations that cannot be. Looks at no file.
 *
 * @example parseMachine({ boot: { kind: "uefi" }, memory: { size: "2G" }, disks: [{ file: "debian.raw" }] })
 */
export function parseMachine(input: unknown): Machine {
  const { machine, problems } = checkMachine(input);
  if (machine === undefined) throw UsageError.of(problems.map(formatProblem), "the machine has problems");
  return machine;
}

/** parseMachine for those who present the problems themselves: the machine, or else at least one problem. */
export function checkMachine(input: unknown): { machine?: Machine; problems: Problem[] } {
  const fields = withoutSchemaKey(input);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return { problems: [problem([], `a machine is an object such as { boot: { kind: "uefi" } }, not ${show(input)}`)] };
  }
  const parsed = machineSchema.safeParse(fields, { error: accepted, reportInput: true });
  if (parsed.success) {
    const problems = checkRules(parsed.data);
    return problems.length === 0 ? { machine: parsed.data, problems } : { problems };
  }
  const broken = new Set(parsed.error.issues.flatMap(({ path }) => path.slice(0, 1)));
  return { problems: [...toProblems(parsed.error.issues), ...checkRules(soundPart(fields, broken), broken)] };
}

/** The problems of a machine that is not whole yet, because an image will bring its kernel or disk. */
export function checkPartial(input: object & { boot?: object }): Problem[] {
  const kind = input.boot !== undefined && "kind" in input.boot ? input.boot.kind : "uefi";
  const kernel = kind === "pcat" ? {} : { kernel: "the image's kernel" };
  return checkMachine({ ...input, boot: { kind, ...kernel, ...input.boot } }).problems;
}

/** The fields whose own shape is right, so that rules between them can still be checked. */
function soundPart(fields: object, broken: ReadonlySet<PropertyKey>): SoundFields {
  const known = Object.entries(fields).filter(([key]) => key in machineFields.shape && !broken.has(key));
  const parsed = machineFields.partial().safeParse(Object.fromEntries(known));
  if (!parsed.success) return {};
  const { disks, ...rest } = without(parsed.data, broken);
  return disks === undefined ? rest : { ...rest, disks: disks.map((disk) => settleDisk(disk, rest.boot?.kind)) };
}

/** A broken field's default must not be judged in its place. */
function without<T extends object>(fields: T, broken: ReadonlySet<PropertyKey>): T {
  // Every field is optional here, so what remains is still a T.
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !broken.has(key))) as T;
}

/** Editors find the JSON Schema by this key; it is no part of the machine. */
function withoutSchemaKey(input: unknown): unknown {
  if (typeof input !== "object" || input === null || !("$schema" in input)) return input;
  const { $schema: _, ...fields } = input;
  return fields;
}
