import type { ByteSource } from "./byte-source.ts";
import type { Hit } from "./search.ts";
import { readText } from "./text.ts";

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

const longestBefore = 4096;

/** The match of a wait that looked from `offset` on. */
export function matchAt(source: ByteSource, offset: number, hit: Hit): Match {
  const before = readText(source, Math.max(offset, hit.start - longestBefore), hit.start);
  return { ...hit, groups: { ...hit.groups }, captures: [...hit.captures], before };
}
