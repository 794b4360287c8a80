import { UsageError } from "../machine/errors.ts";

/** Throws UsageError for what is no number of restarts. */
export function checkRestartLimit(atMost: number | undefined): void {
  if (atMost === undefined || atMost === Number.POSITIVE_INFINITY) return;
  if (Number.isInteger(atMost) && atMost >= 0) return;
  throw new UsageError(`restartsAtMost: ${atMost} is no number of restarts; write 0, 1, 2 … or Infinity`);
}
