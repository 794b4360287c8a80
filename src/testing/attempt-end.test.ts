import { expect, test } from "vitest";
import * as errors from "../machine/errors.ts";
import { failedVerdict } from "./attempt-end.ts";

const kinds = Object.values(errors).filter((Kind) => Kind !== errors.PetriError && Kind.prototype instanceof Error);

test.each(kinds.map((Kind) => [Kind.name, Kind] as const))("a test that ends by %s has its verdict", (name, Kind) => {
  const error = new (Kind as typeof errors.NoProgress)("told\nmore");
  expect(failedVerdict(error)).toEqual({ class: name, exitCode: error.exitCode, reason: "told" });
});

test("any other error is a failed assertion", () => {
  expect(failedVerdict(new RangeError("x"))).toEqual({ class: "AssertionFailed", exitCode: 1, reason: "x" });
});
