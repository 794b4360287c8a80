import { UsageError } from "../machine/errors.ts";
import { printable } from "../power/printable.ts";
import { lineWindowLength } from "./finder.ts";
import type { Missing } from "./looking.ts";
import { longestRun } from "./needle.ts";
import { readRegex } from "./regex-source.ts";
import type { Hit } from "./search.ts";
import type { PatternRecord } from "./wait-record.ts";

/** A line of the console, and the bytes its characters came from. */
export interface Line {
  /** Of a line longer than a window, its beginning and one character more. */
  readonly text: string;
  /** The bytes of a character, or of the line's end. */
  bytesOf(index: number): { start: number; end: number };
  /** Where the record goes on behind it. */
  end(): number;
}

export interface LineHit extends Hit {
  readonly lineEnd: number;
}

/** What one line is to be: a text that is the whole of it, or a regular expression that is found in it. */
export interface LinePattern extends Missing {
  /** As it was given. */
  readonly record: PatternRecord;
  in(line: Line): LineHit | undefined;
}

/** Throws UsageError for what no line can be. */
export function compileLine(pattern: string | RegExp): LinePattern {
  if (typeof pattern === "string") return literalLine(pattern);
  const regex = new RegExp(readRegex(pattern).tolerantSource, pattern.flags.replace(/[gmy]/g, ""));
  return {
    title: printable(String(pattern)),
    record: { source: pattern.source, flags: pattern.flags },
    gist: longestRun(pattern),
    in: (line) => {
      const match = regex.exec(line.text);
      // The character beyond the window only shows that the line goes on.
      if (!match || match.index + match[0].length > lineWindowLength) return undefined;
      return { ...hit(line, match.index, match[0]), captures: match.slice(1), groups: { ...match.groups } };
    },
  };
}

function literalLine(pattern: string): LinePattern {
  if (/[\r\n]/.test(pattern)) {
    throw new UsageError(`expectLines: "${printable(pattern)}" is more than one line; give each line by itself`);
  }
  if (pattern.length > lineWindowLength) {
    throw new UsageError(
      `expectLines: a line of ${pattern.length} characters is longer than the ${lineWindowLength} that are compared`,
    );
  }
  return {
    title: `"${printable(pattern)}"`,
    record: { text: pattern },
    gist: pattern === "" ? undefined : pattern,
    in: (line) => (line.text === pattern ? { ...hit(line, 0, pattern), captures: [], groups: {} } : undefined),
  };
}

function hit(line: Line, index: number, text: string): Pick<LineHit, "text" | "start" | "end" | "lineEnd"> {
  const lineEnd = line.end();
  if (text === "") {
    const at = index > 0 ? line.bytesOf(index - 1).end : line.bytesOf(0).start;
    return { text, start: at, end: at, lineEnd };
  }
  return { text, start: line.bytesOf(index).start, end: line.bytesOf(index + text.length - 1).end, lineEnd };
}
