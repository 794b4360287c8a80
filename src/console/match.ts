import type { ByteSource } from "./byte-source.ts";
import type { Hit } from "./search.ts";
import { readText, readWithoutKernelLines } from "./text.ts";

export interface Match {
  readonly text: string;
  /** Named groups. */
  readonly groups: Record<string, string | undefined>;
  /** Groups in order: `captures[0]` is group number one. */
  readonly captures: (string | undefined)[];
  /** Byte offsets [start, end) in the console's record. */
  readonly start: number;
  readonly end: number;
  /** The text that was skipped, or the end of it where it is long. */
  readonly before: string;
}

/** A match of one of several patterns. */
export interface AnyMatch extends Match {
  /** Which one it is: its place in the list. */
  readonly index: number;
}

const longestBefore = 4096;

/** The match of a wait that looked from `offset` on. */
export function matchAt(source: ByteSource, offset: number, hit: Hit, skipsKernelLines: boolean | undefined): Match {
  const { text, groups, captures, start, end } = hit;
  const from = Math.max(offset, start - longestBefore);
  const before = skipsKernelLines ? readWithoutKernelLines(source, from, start) : readText(source, from, start);
  return { text, groups: { ...groups }, captures: [...captures], start, end, before };
}

/** The matches of several lines: in order, each with what was skipped since the one before it. */
export function matchesAt(
  source: ByteSource,
  offset: number,
  hits: readonly (Hit & { readonly lineEnd: number })[],
  skipsKernelLines: boolean,
): Match[] {
  return hits.map((hit) => {
    const earlier = hits.map(({ lineEnd }) => lineEnd).filter((end) => end <= hit.start);
    return matchAt(source, Math.max(offset, ...earlier), hit, skipsKernelLines);
  });
}
