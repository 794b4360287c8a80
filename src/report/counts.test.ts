import { expect, test } from "vitest";
import { formatDuration } from "./counts.ts";

test("durations are short and never show 60 seconds", () => {
  expect([0.4, 812, 999.6, 1000, 59_940, 59_999, 125_000].map(formatDuration)).toEqual([
    "0ms",
    "812ms",
    "1.0s",
    "1.0s",
    "59.9s",
    "1m00s",
    "2m05s",
  ]);
});
