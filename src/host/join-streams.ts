import type { Duplex } from "node:stream";

/** Each end's half close goes to the other; an error of one ends both. */
export function joinStreams(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.once("error", () => to.destroy());
    from.once("close", () => void (from.readableEnded || to.destroy()));
  }
}
