import { readFileSync } from "node:fs";
import { Parser, type Result } from "tap-parser";
import { expect, test } from "vitest";
import { Emulator } from "./emulator.ts";
import { GuestClock } from "./guest-clock.ts";
import type { Machine } from "./machine.ts";
import { petriGuest } from "./test/spawned-vm.ts";
import type { Cpu } from "./v86-internals.ts";

const TABLES = 0xe0000;
const byte = (value: number) => () => value;

/** What petri-guest says fails of a machine that was broken before it started: `name: message`. */
async function failures(sabotage: (cpu: Cpu) => void): Promise<string[]> {
  let said = "";
  const output = (_: string, bytes: number | Uint8Array) => {
    said += String.fromCharCode(Number(bytes));
  };
  const machine: Machine = {
    ...{ memoryBytes: 64 * 2 ** 20, lines: ["com1"], cmdline: "", disks: {}, bootOrder: ["disk"], nic: "none" },
    multiboot: new Uint8Array(readFileSync(petriGuest)).buffer,
  };
  const pc = await Emulator.build(machine, new GuestClock(), { output, inputWanted() {}, wake() {} });
  sabotage(pc.cpu);
  const until = (pattern: RegExp) => {
    while (!pattern.test(said)) {
      const end = pc.slice();
      if (end.kind !== "ran") throw new Error(`it ended (${JSON.stringify(end)}) with: ${said}`);
    }
  };
  until(/ready/);
  pc.enter(() => pc.inputs.com1?.(Buffer.from("tap\n")));
  until(/^ok tap \d+ failed=\d+\r\n/m);
  const tap = /TAP version 14[\s\S]*?(?=^ok tap )/m.exec(said)?.[0] ?? "";
  const results = Parser.parse(tap).flatMap(([kind, what]) => (kind === "assert" ? [what as Result] : []));
  expect(results).toHaveLength(11);
  return results.flatMap(({ ok, name, diag }) => (ok ? [] : [`${name}: ${diag?.message}`]));
}

const findTable = (cpu: Cpu, signature: string) => Buffer.from(cpu.mem8).indexOf(signature, TABLES, "latin1");

test.each<[string, (cpu: Cpu) => void, string[]]>([
  ["nothing is broken", () => {}, []],
  [
    "the DSDT's checksum is wrong",
    (cpu) => cpu.mem8.set([(cpu.mem8[findTable(cpu, "DSDT") + 9] ?? 0) ^ 1], findTable(cpu, "DSDT") + 9),
    ["ACPI fixed hardware: a table with a wrong checksum"],
  ],
  [
    "the RSDT's length is impossible",
    (cpu) => void cpu.mem8.set([8, 0, 0, 0], findTable(cpu, "RSDT") + 4),
    [
      "ACPI root: a table with an impossible length",
      "ACPI tables: a table with an impossible length",
      "ACPI fixed hardware: no FADT",
    ],
  ],
  [
    "the FACS lost its name",
    (cpu) => void cpu.mem8.set(Buffer.from("XXXX"), findTable(cpu, "FACS")),
    ["ACPI fixed hardware: no FACS"],
  ],
  [
    "the PM timer stands still",
    (cpu) => cpu.io.register_read(0xb008, {}, byte(1), byte(1), byte(1)),
    ["timer PM: it stands still", "timer PIT: the PM timer stands still", "timer TSC: the PM timer stands still"],
  ],
  [
    "the PIT stands still",
    (cpu) => {
      cpu.io.register_read(0x40, {}, byte(7), byte(7), byte(7));
      cpu.io.register_write(0x40, {}, byte(0), byte(0), byte(0));
    },
    ["timer PIT: it does not run at 1.193 MHz"],
  ],
])("a machine where %s is told so", async (_, sabotage, expected) => {
  expect(await failures(sabotage)).toEqual(expected);
});
