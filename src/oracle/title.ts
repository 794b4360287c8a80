import { printable } from "../power/printable.ts";
import { chooseFrame, hasOwnStack, sourceName } from "./frames.ts";
import type { OpenReport } from "./report.ts";
import type { Rule } from "./rule.ts";

const longestTitle = 120;

/** The title of a finished report, and whether a part of it could not be found. */
export function titleOf({ rule, start, lines }: OpenReport): { readonly title: string; readonly corrupted: boolean } {
  let corrupted = false;
  const values: Record<string, string> = { ...start.groups };
  for (const [field, pattern] of Object.entries(rule.fields ?? {})) {
    const value = firstGroup(lines, pattern);
    if (value !== undefined) values[field] = value;
  }
  const [template, later] = templateOf(rule, lines);
  Object.assign(values, later);
  const isUnfounded = rule.frameNeedsStack === true && !hasOwnStack(lines);
  const frame = isUnfounded
    ? undefined
    : rule.frames
      ? rule.frames
          .map((source) => chooseFrame(source, { lines, fromLine: values.frame, skip: rule.skip }))
          .find((found) => found !== undefined)
      : values.frame;
  const title = template.replace(/(?::? )?\{(\w+)\}/g, (placeholder, name: string) => {
    const value = name === "frame" ? frame && sourceName(frame) : values[name];
    if (value === undefined || value === "") corrupted = true;
    if (value) return placeholder.replace(`{${name}}`, () => value);
    // A report whose stack is missing or mangled: the kind of problem is known, its place is not.
    return placeholder === " {frame}" ? " corrupted" : "";
  });
  return { title: printable(normalise(title)).slice(0, longestTitle).trimEnd(), corrupted };
}

/** The rule's title, or the one that a later line asks for with what that line says. */
function templateOf({ title, retitle = [] }: Rule, lines: readonly string[]): [string, Record<string, string>] {
  for (const [pattern, special] of retitle) {
    const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
    if (match) return [special, { ...match.groups }];
  }
  return [title, {}];
}

function firstGroup(lines: readonly string[], pattern: RegExp): string | undefined {
  for (const line of lines) {
    const value = pattern.exec(line)?.[1];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What differs between two runs with the same problem. */
function normalise(title: string): string {
  return (
    title
      // FreeBSD prints where its kernel was built.
      .replace(/ @ (?:\/\S*\/)?(sys\/\S+):\d+/, " at $1:LINE")
      .replace(/\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?/g, "")
      .replace(/\b0x[0-9a-f]+\b/gi, "ADDR")
      .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,16}\b/gi, "ADDR")
      .replace(/(\.[chS]|\.rs):\d+/g, "$1:LINE")
      .replace(/(^|[\s([=,#-])-?\d+(?=$|[\s)\],:;."-])/g, "$1NUM")
      .replace(/\s+/g, " ")
      .replace(/[\s.]+$/, "")
  );
}
