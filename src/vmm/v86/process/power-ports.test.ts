import { describe, expect, test } from "vitest";
import { PowerPorts } from "./power-ports.ts";

const reset = (cause: string) => ({ event: "GUEST_RESET", cause });
const shutdown = (cause: string) => ({ event: "GUEST_SHUTDOWN", cause });

describe("a write to a power port", () => {
  test.each([
    ["pulses the reset line", 0x64, 0xfe, reset("keyboard-controller")],
    ["pulses every line", 0x64, 0xf0, reset("keyboard-controller")],
    ["pulses no line", 0x64, 0xff, undefined],
    ["is another 8042 command", 0x64, 0xaa, undefined],
    ["sets RST_CPU", 0xcf9, 0x06, reset("cf9")],
    ["only selects a hard reset", 0xcf9, 0x02, undefined],
    ["sets bit 0 of port 92h", 0x92, 0x03, reset("port92")],
    ["opens the A20 gate", 0x92, 0x02, undefined],
    ["sets SLP_EN with the upper byte alone", 0xb005, 0x20, shutdown("acpi-s5")],
    ["is keyboard data", 0x60, 0x00, undefined],
    ["is elsewhere", 0x80, 0xfe, undefined],
  ])("of 8 bits %s", (_, port, value, signal) => {
    expect(new PowerPorts().write8(port, value)).toEqual(signal);
  });

  test.each([
    ["S5", 0x2000, shutdown("acpi-s5")],
    ["S5 with SCI_EN kept", 0x2001, shutdown("acpi-s5")],
    ["S4", 0x2801, shutdown("acpi-s4")],
    ["S3, which v86 has not", 0x2401, undefined],
    ["SCI_EN alone", 0x0001, undefined],
  ])("of 16 bits asks for %s", (_, value, signal) => {
    expect(new PowerPorts().write16(0xb004, value)).toEqual(signal);
  });

  test("may reset through the 8042's output port", () => {
    const ports = new PowerPorts();
    expect(ports.write8(0x64, 0xd1)).toBeUndefined();
    expect(ports.write8(0x60, 0xdf)).toBeUndefined();
    ports.write8(0x64, 0xd1);
    expect(ports.write8(0x60, 0xde)).toEqual(reset("keyboard-controller"));
    expect(ports.write8(0x60, 0xde)).toBeUndefined();
  });
});
