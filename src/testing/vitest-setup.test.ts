import { resolve } from "node:path";
import { expect, test } from "vitest";
import { vitestSetup } from "./vitest-setup.ts";

async function chosen(...paths: string[]) {
  const { filters, overrides } = await vitestSetup(paths, undefined);
  return { filters, include: (overrides.test as { include: string[] }).include };
}

const testFiles = "**/*.{test,spec}.?(c|m)[jt]s?(x)";

test("an existing path says where the tests are", async () => {
  expect(await chosen("petri-tests/console")).toEqual({ filters: [], include: [`petri-tests/console/${testFiles}`] });
});

test("part of a path adds to existing ones, and does not narrow them", async () => {
  expect(await chosen("petri-tests/power/events", "bench")).toEqual({
    filters: ["petri-tests/power/events", resolve("bench")],
    include: [`bench/${testFiles}`, `petri-tests/${testFiles}`],
  });
});

test("part of a path alone narrows the usual tests", async () => {
  expect(await chosen("power/events")).toEqual({ filters: ["power/events"], include: [`petri-tests/${testFiles}`] });
});
