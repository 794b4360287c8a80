import { expect, test } from "vitest";
import { readDeviceLog } from "./device-log.ts";

/** What SeaBIOS of QEMU 7.2 writes in a boot, with a CPU reset of TCG's log between. */
const boot = `CPU Reset (CPU 0)
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000000
pckbd_kbd_write_command 0xaa
pckbd_kbd_write_command 0xab
pckbd_kbd_write_command 0x60
port92_write port92: write 0x02
`;

test.each([
  ["pckbd_kbd_write_command 0xfe", "keyboard-controller"],
  ["pckbd_kbd_write_command 0xf0", "keyboard-controller"],
  ["pckbd_outport_write 0xfe", "keyboard-controller"],
  ["port92_write port92: write 0x03", "port92"],
  ["4711@1795228786.871922:port92_write port92: write 0x01", "port92"],
])("%s resets the machine", (line, cause) => {
  expect(readDeviceLog(`${boot}${line}\n`)).toEqual({ hasTripleFault: false, reset: { cause, line } });
});

test.each([
  "pckbd_kbd_write_command 0xff",
  "pckbd_kbd_write_command 0xd1",
  "pckbd_kbd_write_command 0xaa",
  "pckbd_outport_write 0xdf",
  "port92_write port92: write 0x02",
  "port92_read port92: read 0x03",
])("%s does not", (line) => {
  expect(readDeviceLog(`${boot}${line}\n`).reset).toBeUndefined();
});

test("of two writes the first reset the machine: the guest ran on for a moment", () => {
  const text = "pckbd_kbd_write_command 0xfe\nport92_write port92: write 0x01\n";
  expect(readDeviceLog(text).reset?.cause).toBe("keyboard-controller");
});

test("a triple fault is a line of its own", () => {
  expect(readDeviceLog(`${boot}Triple fault\n`).hasTripleFault).toBe(true);
  expect(readDeviceLog("not a Triple fault\n").hasTripleFault).toBe(false);
});
