import { expect, test } from "vitest";
import { checkMachine, parseMachine } from "./validate.ts";

const boot = { kind: "uefi" } as const;

test("a UUID is kept in small letters, and strings as they are", () => {
  const smbios = { manufacturer: "Acme, Inc.", serial: "42" };
  const machine = parseMachine({ boot, uuid: "0A3AE7E6-8D3B-4BB4-8A0D-0F9A3F1D9F01", smbios });
  expect(machine.uuid).toBe("0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01");
  expect(machine.smbios).toEqual(smbios);
  expect(parseMachine({ boot })).not.toHaveProperty("uuid");
});

test("all that no SMBIOS table could say is told at once", () => {
  const told = (part: object) => checkMachine({ boot, ...part }).problems.map(({ path, message }) => [path, message]);
  const smbios = { serial: "zwölf", sku: " 7", family: "f".repeat(256), vendor: "Acme" };
  expect(told({ uuid: "0a3ae7e6", smbios })).toMatchInlineSnapshot(`
    [
      [
        [
          "uuid",
        ],
        ""0a3ae7e6" is not accepted: write 32 hex digits as in 0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01",
      ],
      [
        [
          "smbios",
          "serial",
        ],
        ""zwölf" is not accepted: write 1 to 255 printable ASCII characters, no space at either end",
      ],
      [
        [
          "smbios",
          "sku",
        ],
        "" 7" is not accepted: write 1 to 255 printable ASCII characters, no space at either end",
      ],
      [
        [
          "smbios",
          "family",
        ],
        ""ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff… is not accepted: write 1 to 255 printable ASCII characters, no space at either end",
      ],
      [
        [
          "smbios",
          "vendor",
        ],
        "unknown key: known are manufacturer, product, version, serial, sku and family",
      ],
    ]
  `);
  expect(told({ smbios: {} })).toMatchInlineSnapshot(`
    [
      [
        [
          "smbios",
        ],
        "{} is not accepted: name at least one of manufacturer, product, version, serial, sku, family, or leave it out",
      ],
    ]
  `);
});
