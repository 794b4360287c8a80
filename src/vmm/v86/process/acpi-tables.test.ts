import { describe, expect, test } from "vitest";
import { acpiTables } from "./acpi-tables.ts";
import { eisaId } from "./aml.ts";

const BASE = 0xe0000;
const image = acpiTables(BASE);
const sum = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0) & 0xff;
const tableAt = (address: number) =>
  image.subarray(address - BASE, address - BASE + image.readUInt32LE(address - BASE + 4));

describe("the ACPI tables", () => {
  const rsdt = tableAt(image.readUInt32LE(16));
  const fadt = tableAt(rsdt.readUInt32LE(36));
  const dsdt = tableAt(fadt.readUInt32LE(40));

  test("hang together, each with its signature and checksum", () => {
    expect(image.toString("latin1", 0, 8)).toBe("RSD PTR ");
    expect(sum(image.subarray(0, 20))).toBe(0);
    const found = [rsdt, fadt, dsdt].map((table) => [table.toString("latin1", 0, 4), sum(table)]);
    expect(found).toEqual([
      ["RSDT", 0],
      ["FACP", 0],
      ["DSDT", 0],
    ]);
    expect(fadt).toHaveLength(116);
    const facs = fadt.readUInt32LE(36);
    expect([facs % 64, image.toString("latin1", facs - BASE, facs - BASE + 4)]).toEqual([0, "FACS"]);
  });

  test("name the power-management ports that v86 has", () => {
    const ports = [56, 64, 76, 80].map((offset) => fadt.readUInt32LE(offset));
    expect(ports).toEqual([0xb000, 0xb004, 0xb008, 0xafe0]);
  });

  test("say how to power off, and where PCI is", () => {
    expect(dsdt.includes(Buffer.from("_S5_\x12\x0a\x04\x0a\0\x0a\0\x0a\0\x0a\0", "latin1"))).toBe(true);
    expect(dsdt.includes(Buffer.from(eisaId("PNP0A03")))).toBe(true);
    expect(Buffer.from(eisaId("PNP0A03")).toString("hex")).toBe("0c41d00a03");
  });
});
