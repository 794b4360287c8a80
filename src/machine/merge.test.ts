import { expect, test } from "vitest";
import { mergeMachine } from "./merge.ts";

test("named fields merge, lists and words replace, undefined says nothing", () => {
  const base = { memory: { size: "1G", shared: false }, disks: [{ file: "a" }], rng: true, display: "none" as const };
  const over = { memory: { size: "2G" }, disks: [{ file: "b" }], rng: undefined, display: { vnc: { port: 5901 } } };
  expect(mergeMachine(base, over)).toEqual({
    memory: { size: "2G", shared: false },
    disks: [{ file: "b" }],
    rng: true,
    display: { vnc: { port: 5901 } },
  });
  expect(base.memory.size).toBe("1G");
});

test("a boot of another kind replaces the boot; of the same or no kind it adds to it", () => {
  const base = { boot: { kind: "uefi" as const, firmware: "f" } };
  expect(mergeMachine(base, { boot: { kind: "kernel", kernel: "k" } }).boot).toEqual({ kind: "kernel", kernel: "k" });
  expect(mergeMachine(base, { boot: { frontpage: false } }).boot).toEqual({
    kind: "uefi",
    firmware: "f",
    frontpage: false,
  });
});
