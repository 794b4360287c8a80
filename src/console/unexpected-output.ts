import type { ConsoleName } from "../machine/machine.ts";
import { printable } from "../power/printable.ts";
import { showDuration } from "../power/wait.ts";
import type { ByteSource } from "./byte-source.ts";
import { tailEvidence } from "./failure.ts";
import type { Match } from "./match.ts";
import { readText } from "./text.ts";

/** How much of a line is shown on either side of what must not be in it. */
const lineBytes = 4096;

/** The guest printed what it must not within a span. A failed assertion: exit code 1. */
export class UnexpectedOutput extends Error {
  override readonly name = "UnexpectedOutput";
  readonly exitCode = 1;
  /** What was printed, and where. */
  readonly match: Match;

  constructor(seen: {
    readonly console: ConsoleName;
    readonly source: ByteSource;
    readonly unwanted: { readonly title: string };
    /** `for 5 s`, `until "login:"`. */
    readonly span: string;
    readonly match: Match;
    readonly waitedMs: number;
    readonly context: string | undefined;
  }) {
    const { console, source, unwanted, span, match, context } = seen;
    super(
      [
        `expected ${console} not to print ${unwanted.title} ${span}, but it did after ${showDuration(seen.waitedMs)}, at byte ${match.start}`,
        ...lineAround(source, match).map((line) => `  | ${line}`),
        ...(context ? [context] : []),
        ...tailEvidence(console, source),
      ].join("\n"),
    );
    this.match = match;
  }
}

function lineAround(source: ByteSource, { start, end }: Match): string[] {
  const before = readText(source, Math.max(0, start - lineBytes), start);
  const after = readText(source, end, Math.min(source.end, end + lineBytes)).split("\n")[0] ?? "";
  const lineStart = before.lastIndexOf("\n") + 1;
  return `${before.slice(lineStart)}${readText(source, start, end)}${after}`.split("\n").slice(0, 5).map(printable);
}
