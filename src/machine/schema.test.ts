import { expect, test } from "vitest";
import { z } from "zod";
import { machineJsonSchema } from "./schema.ts";
import { parseMachine } from "./validate.ts";

// The JSON Schema is read back by an independent path and must agree with parseMachine about shapes.
const schema = z.fromJSONSchema(machineJsonSchema());

test.each([
  { boot: { kind: "uefi" } },
  { $schema: "machine.schema.json", boot: { kind: "pcat" }, memory: { size: "512M" } },
  {
    boot: { kind: "kernel", kernel: "vmlinuz", initrd: "i", cmdline: "console=ttyS0" },
    processors: { count: 2, features: ["+avx2"] },
    disks: [{ file: "d.qcow2", format: "qcow2", bus: "nvme", persist: true }],
    nics: [{ forward: [{ hostPort: 2222, guestPort: 22 }] }],
    consoles: { com1: "listen=tcp:127.0.0.1:4555", hvc0: "console" },
    power: { crash: "exit:3" },
    display: { vnc: { port: 5901 } },
    vmmOptions: { qemu: ["-d", "int"] },
  },
])("accepts %j", (machine) => {
  expect(schema.safeParse(machine).error).toBeUndefined();
  parseMachine(machine);
});

test.each([
  {},
  { boot: { kind: "bios" } },
  { boot: { kind: "uefi" }, nmae: "x" },
  { boot: { kind: "uefi" }, disks: [{}] },
  { boot: { kind: "uefi" }, power: { crash: "exit:256" } },
])("refuses %j", (machine) => {
  expect(schema.safeParse(machine).success).toBe(false);
});

test("is stable, whole and JSON", () => {
  const text = JSON.stringify(machineJsonSchema());
  expect(JSON.stringify(machineJsonSchema())).toBe(text);
  expect(machineJsonSchema()).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Petri machine",
    type: "object",
    required: ["boot"],
    additionalProperties: false,
  });
});
