import { printable } from "../power/printable.ts";
import { chooseFrame, hasOwnStack, sourceName } from "./frames.ts";
import type { OpenReport } from "./report.ts";
import type { FrameSource, Rule } from "./rule.ts";

const longestTitle = 120;

/** The title of a finished report, and whether a part of it could not be found. */
export function titleOf({ rule, start, lines }: OpenReport): { readonly title: string; readonly corrupted: boolean } {
  const values: Record<string, string> = { ...start.groups };
  for (const [field, pattern] of Object.entries(rule.fields ?? {})) {
    const value = firstGroup(lines, pattern);
    if (value !== undefined) values[field] = value;
  }
  const [template, later] = templateOf(rule, lines);
  Object.assign(values, later);
  const isUnfounded = rule.frameNeedsStack === true && !hasOwnStack(lines);
  const frame = isUnfounded ? undefined : frameFor(rule, lines, values.frame);
  const whole = fill(template, values, frame);
  const title =
    whole.corrupted && rule.cutOffTitle !== undefined ? fill(rule.cutOffTitle, values, undefined).title : whole.title;
  return { title: printable(normalise(title)).slice(0, longestTitle).trimEnd(), corrupted: whole.corrupted };
}

function frameFor({ frames, skip }: Rule, lines: readonly string[], fromLine: string | undefined): string | undefined {
  if (frames === undefined) return fromLine;
  const sources: readonly FrameSource[] = frames.includes("stack") ? [...frames, "trap"] : frames;
  return sources.map((source) => chooseFrame(source, { lines, fromLine, skip })).find((found) => found !== undefined);
}

function fill(template: string, values: Readonly<Record<string, string>>, frame: string | undefined) {
  let corrupted = false;
  const title = template.replace(/(?::? )?\{(\w+)\}/g, (placeholder, name: string) => {
    const value = name === "frame" ? frame && sourceName(frame) : values[name];
    if (value === undefined || value === "") corrupted = true;
    if (value) return placeholder.replace(`{${name}}`, () => value);
    // A report whose stack is missing or mangled: the kind of problem is known, its place is not.
    return placeholder === " {frame}" ? " corrupted" : "";
  });
  return { title, corrupted };
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
      .replace(/ (?:@|at) (?:\/\S*\/)?(sys\/\S+):\d+/, " at $1:LINE")
      .replace(/\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?/g, "")
      .replace(/\b0x[0-9a-f]+\b/gi, "ADDR")
      .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,16}\b/gi, "ADDR")
      .replace(/(\.[chS]|\.rs):\d+/g, "$1:LINE")
      .replace(/(^|[\s([=,#-])-?\d+(?=$|[\s)\],:;."-])/g, "$1NUM")
      .replace(/\s+/g, " ")
      .replace(/[\s.]+$/, "")
  );
}
