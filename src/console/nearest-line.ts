/** A literal longer than this is compared by its beginning. */
const compared = 120;

/** The line with the longest part of `literal` in it; undefined if none shares even half of it. */
export function nearestLine(literal: string, text: string): string | undefined {
  const wanted = literal.slice(0, compared).trim();
  let best = { line: "", length: Math.max(2, wanted.length / 2 - 1) };
  for (const line of text.split("\n")) {
    // Ever longer parts only: each comparison is a native search, and most lines fail the first ones.
    for (let start = 0; start + best.length < wanted.length; start++) {
      let end = Math.floor(start + best.length) + 1;
      while (end <= wanted.length && line.includes(wanted.slice(start, end))) {
        best = { line, length: end - start };
        end++;
      }
    }
  }
  return best.line === "" ? undefined : best.line;
}
