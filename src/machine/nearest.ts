/**
 * The known name a person most likely meant, or undefined when none is close: one slip for every three
 * characters is forgiven, three at most, and a name is also found by its first letters.
 *
 * @example nearest("memroy", ["memory", "name"]) // "memory"
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: { name: string; slips: number } | undefined;
  for (const candidate of known) {
    const slips = distance(wanted, candidate.toLowerCase());
    if (slips <= allowedSlips(wanted, candidate) && (best === undefined || slips < best.slips)) {
      best = { name: candidate, slips };
    }
  }
  return best?.name ?? [...known].find((candidate) => wanted.length >= 3 && candidate.startsWith(wanted));
}

/** Up to `count` known names that a person may have meant, the nearest first. */
export function nearestOf(name: string, known: readonly string[], count: number): string[] {
  const wanted = name.toLowerCase();
  return known
    .map((candidate) => ({ candidate, slips: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, slips }) => slips <= allowedSlips(wanted, candidate))
    .sort((a, b) => a.slips - b.slips)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** `did you mean "memory"?`, or else the list of what is known, so that a message always says what to do. */
export function suggest(name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  if (close !== undefined) return `did you mean "${close}"?`;
  return known.length === 1 ? `only ${known[0]} is known` : `known are ${listOf(known, "and")}`;
}

/** `a, b or c` */
export function listOf(words: readonly string[], last: "or" | "and" = "or"): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

function allowedSlips(a: string, b: string): number {
  return Math.min(3, Math.max(1, Math.floor(Math.max(a.length, b.length) / 3)));
}

/** Damerau-Levenshtein in its optimal-string-alignment form: swapped neighbours are one slip. */
function distance(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
