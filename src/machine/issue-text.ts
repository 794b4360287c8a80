import type { z } from "zod";
import { kindsWith } from "./boot.ts";
import { listOf, nearest, suggest } from "./nearest.ts";
import { type Problem, show } from "./problem.ts";

/**
 * Says what is accepted where a schema has no words of its own. Used as the error map of a parse with
 * `reportInput`, so that toProblem can put the refused value before it.
 */
export function accepted(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `write ${nouns[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return oneOf(issue.values, issue.input);
    case "too_small":
      return issue.origin === "string" ? "write something" : `write at least ${issue.minimum}`;
    case "too_big":
      return `write at most ${issue.maximum}`;
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, knownKeys(issue.inst))).join("\n");
    case "invalid_key":
      return "this key is not allowed here";
    default:
      return "write what the schema allows";
  }
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const words = values.map((value) => (typeof value === "string" ? value : show(value)));
  const meant = typeof input === "string" ? nearest(input, words) : undefined;
  return `write ${listOf(words)}${meant === undefined ? "" : ` (did you mean "${meant}"?)`}`;
}

const nouns: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object with named keys",
  record: "an object with named keys",
};

/** Turns zod's issues into problems; where a union failed, the branch that came furthest speaks. */
export function toProblems(issues: readonly z.core.$ZodIssue[], at: readonly PropertyKey[] = []): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code === "invalid_union") {
      const deepest = issue.errors.find(
        (branch) => branch.length > 0 && branch.every((inner) => inner.path.length > 0),
      );
      if (deepest !== undefined) return toProblems(deepest, path);
    }
    if (issue.code === "unrecognized_keys") return unknownKeys(issue, path);
    // A rule between fields blames no single value.
    if (issue.code === "custom" && issue.params?.isRule === true) return [{ path, message: issue.message }];
    // zod reports a bad discriminator at its own path but with the whole object as input.
    const input =
      issue.code === "invalid_union" && issue.discriminator ? pick(issue.input, issue.discriminator) : issue.input;
    const value = input === undefined ? "missing" : `${show(input)} is not accepted`;
    return [{ path, message: `${value}: ${issue.message}` }];
  });
}

/** One problem a key; `accepted` has put one line a key into the message. */
function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, path: readonly PropertyKey[]): Problem[] {
  const messages = issue.message.split("\n");
  return issue.keys.map((key, index) => ({ path: [...path, key], message: messages[index] ?? issue.message }));
}

function pick(object: unknown, key: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, key) : object;
}

function unknownKey(key: string, known: readonly string[]): string {
  const kinds = known.includes("kind") ? kindsWith(key) : [];
  if (kinds.length > 0) return `only for boot ${listOf(kinds)}: leave it out or boot that way`;
  return `unknown key: ${suggest(key, known)}`;
}

function knownKeys(schema: unknown): string[] {
  // The schema that complained: an object knows its shape, a record the values of its keys (zod's core API).
  const definition = (schema as { _zod?: { def?: Definition } } | undefined)?._zod?.def;
  return Object.keys(definition?.shape ?? definition?.keyType?._zod.def.entries ?? {});
}

interface Definition {
  shape?: object;
  keyType?: { _zod: { def: { entries?: object } } };
}
