import { busNumbers, device, eisaId, ioWindow, memoryWindow, name, packageOf, ports, resources, scope } from "./aml.ts";
import { wdatTimer } from "./watchdogs.ts";

/**
 * The ACPI tables of a PC without a BIOS, for the power-management block that v86 models (PIIX4, ports B000h and AFE0h):
 * enough for a guest to power off, and to find its PCI bus. ACPI 1.0b, as SeaBIOS's tables for the same hardware.
 */
export function acpiTables(base: number, { hasWdat = false } = {}): Buffer {
  const facs = Buffer.alloc(64);
  facs.write("FACS", "latin1");
  facs.writeUInt32LE(facs.length, 4);
  const dsdt = table("DSDT", 1, definitionBlock());

  const at = { facs: align(base + RSDP, 64), dsdt: 0, fadt: 0, wdat: 0, rsdt: 0 };
  at.dsdt = align(at.facs + facs.length, 16);
  at.fadt = align(at.dsdt + dsdt.length, 16);
  const fadt = table("FACP", 1, fixedDescription(at.facs, at.dsdt));
  at.wdat = align(at.fadt + fadt.length, 16);
  const wdat = hasWdat ? table("WDAT", 1, watchdogActions()) : Buffer.alloc(0);
  at.rsdt = align(at.wdat + wdat.length, 16);
  const rsdt = table("RSDT", 1, Buffer.concat([at.fadt, ...(hasWdat ? [at.wdat] : [])].map(littleEndian)));

  const image = Buffer.alloc(at.rsdt + rsdt.length - base);
  const parts = [
    [rootPointer(at.rsdt), base],
    [facs, at.facs],
    [dsdt, at.dsdt],
    [fadt, at.fadt],
    [wdat, at.wdat],
    [rsdt, at.rsdt],
  ] as const;
  for (const [bytes, address] of parts) image.set(bytes, address - base);
  return image;
}

const RSDP = 20;
const HEADER = 36;
const SCI = 9;

function rootPointer(rsdt: number): Buffer {
  const bytes = Buffer.alloc(RSDP);
  bytes.write("RSD PTR \0PETRI ", "latin1");
  bytes.writeUInt32LE(rsdt, 16);
  bytes[8] = checksum(bytes);
  return bytes;
}

// ACPI 1.0b §5.2.5: the fixed hardware, less the 36 bytes of the header.
function fixedDescription(facs: number, dsdt: number): Buffer {
  const bytes = Buffer.alloc(116 - HEADER);
  const at = (offset: number) => offset - HEADER;
  bytes.writeUInt32LE(facs, at(36));
  bytes.writeUInt32LE(dsdt, at(40));
  bytes.writeUInt16LE(SCI, at(46));
  // No SMI command port: ACPI mode is on from the start, as v86's PM1 control register says.
  bytes.writeUInt32LE(0xb000, at(56)); // PM1a_EVT_BLK
  bytes.writeUInt32LE(0xb004, at(64)); // PM1a_CNT_BLK
  bytes.writeUInt32LE(0xb008, at(76)); // PM_TMR_BLK
  bytes.writeUInt32LE(0xafe0, at(80)); // GPE0_BLK
  bytes.set([4, 2, 0, 4, 4], at(88)); // their lengths: PM1_EVT, PM1_CNT, PM2_CNT, PM_TMR, GPE0
  bytes.writeUInt16LE(0xffff, at(96)); // P_LVL2_LAT and P_LVL3_LAT: no such states
  bytes.writeUInt16LE(0xffff, at(98));
  bytes.writeUInt32LE(0x25, at(112)); // WBINVD works; C1 on every processor; no fixed sleep button
  return bytes;
}

function definitionBlock(): Buffer {
  const configuration = [0xcf8, 0xcff] as const;
  const hostBridge = device(
    "PCI0",
    name("_HID", eisaId("PNP0A03")),
    name(
      "_CRS",
      resources(
        busNumbers(0, 0xff),
        ports(configuration[0], 8),
        ioWindow(0, configuration[0] - 1),
        ioWindow(configuration[1] + 1, 0xffff),
        memoryWindow(0xa0000, 0xbffff),
        memoryWindow(0xe0000000, 0xfebfffff),
      ),
    ),
  );
  // SLP_TYP of S5 is 0 and of S4 2, as `power-ports.ts` reads them.
  const sleepStates = [...name("_S4_", packageOf(2, 2, 0, 0)), ...name("_S5_", packageOf(0, 0, 0, 0))];
  return Buffer.from([...sleepStates, ...scope("_SB_", hostBridge)]);
}

const instructions = { readValue: 0, readCountdown: 1, writeValue: 2, writeCountdown: 3, preserve: 0x80 };

// Microsoft's "Hardware Watchdog Timers Design Specification": what to do with which register for each action.
function watchdogActions(): Buffer {
  const { control, count, running, reload, fired, periodMs, most, least } = wdatTimer;
  const { readValue, readCountdown, writeValue, writeCountdown, preserve } = instructions;
  const entries = [
    action(0x01, writeValue | preserve, control, 8, reload, reload), // reset
    action(0x04, readCountdown, count, 32, 0, most), // query what is left
    action(0x06, writeCountdown, count, 32, 0, most), // set what to count from
    action(0x08, readValue, control, 8, running, running), // query running
    action(0x09, writeValue | preserve, control, 8, running, running), // set running
    action(0x0a, readValue, control, 8, 0, running), // query stopped
    action(0x0b, writeValue | preserve, control, 8, 0, running), // set stopped
    action(0x20, readValue, control, 8, fired, fired), // query whether it caused this boot
    action(0x21, writeValue | preserve, control, 8, 0, fired), // forget that
  ];
  const bytes = Buffer.alloc(68 - HEADER);
  const at = (offset: number) => offset - HEADER;
  bytes.writeUInt32LE(bytes.length, at(36));
  bytes.fill(0xff, at(40), at(45)); // no PCI device
  bytes.writeUInt32LE(periodMs, at(48));
  bytes.writeUInt32LE(most, at(52));
  bytes.writeUInt32LE(least, at(56));
  bytes[at(60)] = 1; // enabled
  bytes.writeUInt32LE(entries.length, at(64));
  return Buffer.concat([bytes, ...entries]);
}

function action(number: number, instruction: number, port: number, bits: number, value: number, mask: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.set([number, instruction]);
  bytes.set([1, bits, 0, bits === 32 ? 3 : 1], 4); // system I/O; access by double words or bytes
  bytes.writeBigUInt64LE(BigInt(port), 8);
  bytes.writeUInt32LE(value, 16);
  bytes.writeUInt32LE(mask, 20);
  return bytes;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function table(signature: string, revision: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  header.write(signature, "latin1");
  header.writeUInt32LE(HEADER + body.length, 4);
  header[8] = revision;
  header.write("PETRI V86     ", 10, "latin1");
  header.writeUInt32LE(1, 24);
  header.write("PETR", 28, "latin1");
  header.writeUInt32LE(1, 32);
  const bytes = Buffer.concat([header, body]);
  bytes[9] = checksum(bytes);
  return bytes;
}

function checksum(bytes: Buffer): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

function align(address: number, to: number): number {
  return Math.ceil(address / to) * to;
}
