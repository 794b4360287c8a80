import { printable } from "../power/printable.ts";
import { showDuration } from "../power/wait.ts";
import type { ByteSource } from "./byte-source.ts";
import { nearestLine } from "./nearest-line.ts";
import type { Pattern } from "./pattern.ts";
import { Search } from "./search.ts";
import { lastLines, readText } from "./text.ts";

/** What a failed wait knows about itself. */
export interface FailedWait {
  readonly pattern: Pattern;
  readonly console: string;
  readonly source: ByteSource;
  /** Where it looked from. */
  readonly offset: number;
  readonly waitedMs: number;
  /** The boot phase or another line of context. */
  readonly context: string | undefined;
}

const shownLines = 10;
const examined = 65_536;

/** What was awaited and did not come, what came instead, and what to do about it. */
export function timeoutMessage(wait: FailedWait): string {
  const first = `expected ${wait.pattern.title} on ${wait.console} within ${showDuration(wait.waitedMs)}, but it did not come`;
  return [first, ...evidence(wait), ...advice(wait)].join("\n");
}

/** The reason comes first: it is why nothing more will come. */
export function endMessage(reason: string, wait: FailedWait): string {
  const [first = reason, ...rest] = reason.split("\n");
  const head = `${first} while waiting for ${wait.pattern.title} on ${wait.console}`;
  return [head, ...rest, ...evidence(wait)].join("\n");
}

function evidence({ pattern, console, source, offset, context }: FailedWait): string[] {
  const lines = context ? [context] : [];
  const { end } = source;
  if (end === 0) return [...lines, `${console} has printed nothing at all`];
  if (end <= offset) lines.push(`${console} has printed nothing since byte ${offset}, where this wait began to look`);
  const looked = end > offset ? readText(source, Math.max(offset, end - examined), end) : "";
  const near = pattern.literal && nearestLine(pattern.literal, looked);
  if (near) lines.push("nearest line:", `  | ${printable(near)}`);
  const shown = lastLines(source, shownLines);
  lines.push(`last lines of ${console} (${end} bytes so far):`, ...shown.map((line) => `  | ${line}`));
  return lines;
}

function advice({ pattern, console, source, offset }: FailedWait): string[] {
  const earlier = new Search(source, Math.max(0, offset - examined), pattern);
  const hit = earlier.advance(Math.min(offset, source.end)) ?? earlier.provisional();
  if (hit) {
    return [
      `It was printed before this wait began to look, at byte ${hit.start}: an earlier expect may have consumed it.`,
      `To look again from the beginning: ${console}.cursor("start").expect(…).`,
    ];
  }
  if (source.end === 0) {
    return [
      `Does the guest use this line? A Linux kernel needs console=ttyS0 for com1; try the machine's other consoles.`,
    ];
  }
  return ['If the guest is only slow, give the wait more time: { timeout: "2m" }.'];
}
