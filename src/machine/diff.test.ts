import { expect, test } from "vitest";
import { diffMachines } from "./diff.ts";
import { parseMachine } from "./validate.ts";

const a = parseMachine({ boot: { kind: "uefi" }, memory: { size: "1G" }, disks: [{ file: "a" }], nics: [{}] });
const b = parseMachine({
  boot: { kind: "pcat" },
  memory: { size: "2G" },
  disks: [{ file: "a", bus: "virtio" }, { file: "b" }],
  rng: true,
});

test("field by field, with what only one of them has", () => {
  expect(diffMachines(a, a)).toEqual([]);
  expect(diffMachines(a, b).map(({ path, a: left, b: right }) => [path, left, right])).toEqual([
    ["boot.kind", "uefi", "pcat"],
    ["boot.frontpage", true, undefined],
    ["memory.size", 2 ** 30, 2 ** 31],
    ["disks[1]", undefined, b.disks[1]],
    ["nics[0]", a.nics[0], undefined],
    ["rng", false, true],
  ]);
});
