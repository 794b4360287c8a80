/** The few words of ACPI's byte code that a DSDT without methods needs (ACPI 6.5 §20.2). */
type Bytes = readonly number[];

/** `Name (seg, value)` */
export function name(segment: string, value: Bytes): Bytes {
  return [0x08, ...ascii(segment), ...value];
}

/** `Scope (\seg) { … }` */
export function scope(segment: string, ...terms: Bytes[]): Bytes {
  return [0x10, ...sized([0x5c, ...ascii(segment), ...terms.flat()])];
}

/** `Device (seg) { … }` */
export function device(segment: string, ...terms: Bytes[]): Bytes {
  return [0x5b, 0x82, ...sized([...ascii(segment), ...terms.flat()])];
}

/** `Package () { bytes }` */
export function packageOf(...values: number[]): Bytes {
  return [0x12, ...sized([values.length, ...values.flatMap((value) => [0x0a, value])])];
}

/** `EisaId ("PNP0A03")`: three letters of five bits and four hex digits, big end first. */
export function eisaId(id: string): Bytes {
  const letters = [...id.slice(0, 3)].reduce((sum, letter) => (sum << 5) | (letter.charCodeAt(0) - 0x40), 0);
  return [0x0c, letters >> 8, letters & 0xff, ...Buffer.from(id.slice(3), "hex")];
}

/** `ResourceTemplate () { … }` */
export function resources(...descriptors: Bytes[]): Bytes {
  const bytes = [...descriptors.flat(), 0x79, 0x00];
  return [0x11, ...sized([0x0a, bytes.length, ...bytes])];
}

const PRODUCED_FIXED = 0x0c; // passed on to the devices behind; both ends fixed

/** `WordBusNumber` */
export function busNumbers(first: number, last: number): Bytes {
  return [0x88, ...word(13), 2, PRODUCED_FIXED, 0, ...[0, first, last, 0, last - first + 1].flatMap(word)];
}

/** `WordIO`, all addresses */
export function ioWindow(first: number, last: number): Bytes {
  return [0x88, ...word(13), 1, PRODUCED_FIXED, 3, ...[0, first, last, 0, last - first + 1].flatMap(word)];
}

/** `DWordMemory`, writable and not cached */
export function memoryWindow(first: number, last: number): Bytes {
  return [0x87, ...word(23), 0, PRODUCED_FIXED, 1, ...[0, first, last, 0, last - first + 1].flatMap(dword)];
}

/** `IO (Decode16, …)`: ports that the device itself answers to. */
export function ports(first: number, count: number): Bytes {
  return [0x47, 1, ...word(first), ...word(first), 1, count];
}

// PkgLength counts itself: one byte up to 63, else two with the low nibble first.
function sized(body: Bytes): Bytes {
  if (body.length + 1 < 64) return [body.length + 1, ...body];
  const length = body.length + 2;
  return [0x40 | (length & 0x0f), length >> 4, ...body];
}

function ascii(text: string): Bytes {
  return [...Buffer.from(text, "latin1")];
}

function word(value: number): Bytes {
  return [value & 0xff, value >> 8];
}

function dword(value: number): Bytes {
  return [...word(value & 0xffff), ...word(value >>> 16)];
}
