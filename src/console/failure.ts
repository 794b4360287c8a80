import { printable } from "../power/printable.ts";
import { showDuration } from "../power/wait.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Looking, Sought } from "./looking.ts";
import { nearestLine } from "./nearest-line.ts";
import { lastLines, readText } from "./text.ts";

/** What a failed wait knows about itself. */
export interface FailedWait {
  /** `"login:" on com1`. */
  readonly awaited: string;
  /** Undefined if it was no text that did not come. */
  readonly sought: Sought<{ readonly start: number }> | undefined;
  readonly search: Looking<{ readonly start: number }>;
  readonly console: string;
  readonly source: ByteSource;
  /** Where it looked from. */
  readonly offset: number;
  readonly waitedMs: number;
  /** The boot phase or another line of context. */
  readonly context: string | undefined;
}

const shownLines = 10;
const shownNearest = 3;
const examined = 65_536;
const moreTime = 'If the guest is only slow, give the wait more time: { timeout: "2m" }.';

/** What was awaited and did not come, what came instead, and what to do about it. */
export function timeoutMessage(wait: FailedWait): string {
  const they = wait.sought?.isPlural ? "they" : "it";
  const first = `expected ${wait.awaited} within ${showDuration(wait.waitedMs)}, but ${they} did not come`;
  return [first, ...evidence(wait), ...advice(wait)].join("\n");
}

/** The reason comes first: it is why nothing more will come. */
export function endMessage(reason: string, wait: FailedWait): string {
  const [first = reason, ...rest] = reason.split("\n");
  const head = `${first} while waiting for ${wait.awaited}`;
  return [head, ...rest, `waited ${showDuration(wait.waitedMs)}`, ...evidence(wait), ...splitAdvice(wait)].join("\n");
}

/** The last lines of a console, as evidence. */
export function tailEvidence(console: string, source: ByteSource): string[] {
  const shown = lastLines(source, shownLines);
  return [`last lines of ${console} (${source.end} bytes so far):`, ...shown.map((line) => `  | ${line}`)];
}

function evidence({ sought, search, console, source, offset, context }: FailedWait): string[] {
  const progress = search.progress?.();
  const lines = [...(context ? [context] : []), ...(progress ? [progress] : [])];
  const { end } = source;
  if (end === 0) return [...lines, `${console} has printed nothing at all`];
  if (end <= offset) lines.push(`${console} has printed nothing since byte ${offset}, where this wait began to look`);
  const looked = end > offset ? readText(source, Math.max(offset, end - examined), end) : "";
  const near = sought ? nearestLines(search, looked) : [];
  if (near.length > 0) lines.push(near.length > 1 ? "nearest lines:" : "nearest line:", ...near);
  return [...lines, ...tailEvidence(console, source)];
}

function nearestLines(search: FailedWait["search"], text: string): string[] {
  const near = search
    .missing()
    .slice(0, shownNearest)
    .map(({ gist }) => gist && nearestLine(gist, text));
  return [...new Set(near)].flatMap((line) => (line ? [`  | ${printable(line)}`] : []));
}

function advice(wait: FailedWait): string[] {
  const { console, source, offset } = wait;
  if (!wait.sought) return [moreTime];
  const sought = wait.sought.advised ?? wait.sought;
  const earlier = foundIn(sought, source, offset - examined, offset);
  if (earlier) {
    return [
      `It was printed before this wait began to look, at byte ${earlier.start}: an earlier expect may have consumed it.`,
      `To look again from the beginning: ${console}.cursor("start").expect(…).`,
    ];
  }
  if (source.end === 0) {
    return [
      `Does the guest use this line? A Linux kernel needs console=ttyS0 for com1; try the machine's other consoles.`,
    ];
  }
  const split = splitAdvice(wait);
  return split.length > 0 ? split : [moreTime];
}

/** A message of the kernel that lands in the middle of it is the likeliest reason why a text is not found. */
function splitAdvice({ sought, source, offset }: FailedWait): string[] {
  const tolerant = (sought?.advised ?? sought)?.tolerant;
  if (!tolerant || source.end <= offset) return [];
  const found = foundIn(tolerant, source, Math.max(offset, source.end - examined), source.end);
  if (!found) return [];
  return [
    `It did come, at byte ${found.start}, but kernel messages stand in it.`,
    "To look past them: { tolerateKernelMessages: true }.",
  ];
}

function foundIn(sought: NonNullable<FailedWait["sought"]>, source: ByteSource, start: number, end: number) {
  const search = sought.lookFrom(source, Math.max(0, start));
  return search.advance(Math.min(end, source.end)) ?? search.provisional();
}
