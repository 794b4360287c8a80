import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Machine, optionsFor } from "../vmm/v86/process/machine.ts";
import { pinOf, pins, v86Pins } from "./test/option-pins.ts";
import { manuals, namesOf, outcomeOf, rowsOf, supports } from "./test/option-rows.ts";

const root = new URL("../../", import.meta.url);
const textOf = (file: string) => readFileSync(fileURLToPath(new URL(file, root)), "utf8");
const all = [...manuals, "v86", "vmm"] as const;

test("each option of a manual has one row, and each row says what becomes of it", () => {
  for (const manual of all) {
    const rows = rowsOf(manual);
    const options = rows.map(({ option }) => option);
    expect(options, manual).toEqual([...new Set(options)]);
    for (const { support, option } of rows) expect(supports, `${manual}: ${option}`).toContain(support);
  }
  for (const manual of ["openvmm", "qemu", "bhyve", "vmctl"] as const) {
    const options = rowsOf(manual).map(({ option }) => option);
    const isThere = (name: string) =>
      options.some((option) => option === name || option.startsWith(`${name} `) || option.startsWith(`${name}=`));
    const missing = namesOf(manual).filter((name) => !isThere(name));
    expect(missing, manual).toEqual([]);
  }
  for (const manual of ["openvmm", "bhyve"] as const) {
    const words = rowsOf(manual).flatMap(({ option }) => option.split(/[ :=]/));
    expect(
      namesOf(`${manual} keys`).filter((key) => !words.includes(key)),
      manual,
    ).toEqual([]);
  }
});

describe.each(manuals)("the options of %s", (manual) => {
  test.each(rowsOf(manual))("$option: $support", ({ ...row }) => {
    const { fields, told, isMistake } = outcomeOf(manual, row);
    const isTold = told.length > 0 || row.reason !== "";
    // What tells its usage and ends is out of scope; any other refusal of the whole line is a mistake in the example.
    if (row.support !== "out of scope") expect(isMistake, told.join("; ")).toBe(false);
    switch (row.support) {
      case "carried":
        expect(told).toEqual([]);
        expect(fields).not.toEqual([]);
        break;
      case "in part":
        expect(fields).not.toEqual([]);
        expect(isTold).toBe(true);
        break;
      case "refused":
        expect(fields).toEqual([]);
        expect(told).not.toEqual([]);
        break;
      case "out of scope":
        expect(isTold).toBe(true);
    }
    if (row.support === "carried" || row.support === "in part")
      expect(fields.filter((field) => pinOf(field, pins) === undefined)).toEqual([]);
  });
});

test("of OpenVMM's page at most five are out of scope", () => {
  expect(rowsOf("openvmm").filter(({ support }) => support === "out of scope").length).toBeLessThanOrEqual(5);
});

test.each([...pins, ...v86Pins])("$field has its test: $title", ({ file, title, holds, holdsIn }) => {
  const text = textOf(file);
  expect(["`", '"'].some((quote) => text.includes(`${quote}${title}${quote}`))).toBe(true);
  expect(textOf(holdsIn ?? file)).toContain(holds);
});

test("no pin is there for nothing", () => {
  const fields = manuals.flatMap((manual) => rowsOf(manual).flatMap((row) => outcomeOf(manual, row).fields));
  const used = new Set([
    ...fields.map((field) => pinOf(field, pins)),
    ...rowsOf("v86").map(({ example }) => pinOf(example, v86Pins)),
  ]);
  expect([...pins, ...v86Pins].filter((pin) => !used.has(pin)).map(({ field }) => field)).toEqual([]);
});

/** The members of v86's own declaration, those of objects within it as `filesystem.baseurl`. */
function v86Options(): string[] {
  const text = textOf("node_modules/v86/v86.d.ts");
  const body = /export interface V86Options \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  let outer = "";
  return [...body.matchAll(/^( {4}| {8})(\w+)\?: ?(\{?)/gm)].map(([, indent = "", name = "", opens]) => {
    if (indent.length === 4 && opens !== "") outer = name;
    return indent.length === 4 ? name : `${outer}.${name}`;
  });
}

test("each of v86's options has a row, and those that petri-v86 sets by the machine are carried", () => {
  const rows = rowsOf("v86");
  expect(v86Options().length).toBeGreaterThan(40);
  expect(rows.map(({ option }) => option)).toEqual(v86Options());
  const buffer = new ArrayBuffer(1);
  const disk = {} as NonNullable<Machine["disks"]["hda"]>; // optionsFor only hands it on
  const least = optionsFor({ memoryBytes: 1, lines: [], cmdline: "", disks: {}, bootOrder: [], nic: "none" });
  const most = optionsFor({
    ...{ memoryBytes: 2, lines: ["com2", "com3", "com4", "virtio-console"], cmdline: "quiet", nic: "virtio" },
    ...{ disks: { hda: disk, hdb: disk, cdrom: disk, fda: disk, fdb: disk }, bootOrder: ["disk"] },
    ...{ multiboot: buffer, kernel: buffer, initrd: buffer, bios: buffer, vgaBios: buffer },
  });
  const keys = Object.keys(most) as (keyof typeof most)[];
  const set = keys.filter((key) => JSON.stringify(most[key]) !== JSON.stringify(least[key]));
  const carried = rows.filter(({ support }) => support === "carried");
  expect(carried.map(({ option }) => option).toSorted()).toEqual(set.toSorted());
  for (const { option, example } of carried) expect(pinOf(example, v86Pins), option).toBeDefined();
  for (const { option, support, reason } of rows) if (support !== "carried") expect(reason, option).not.toBe("");
});
