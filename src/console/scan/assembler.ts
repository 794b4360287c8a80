// A little of WebAssembly's binary format (WebAssembly Core Specification 2.0, chapter 5), enough to write one function
// as nested expressions: each returns the bytes of the instructions that leave its value on the stack.

export type Code = readonly number[];

const opcode =
  (byte: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), byte];
const vector =
  (number: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(number)];
/** Alignment is a hint: 0 promises none. */
const memory =
  (instruction: Code) =>
  (...operands: readonly Code[]) =>
  (offset = 0): Code => [...operands.flat(), ...instruction, 0, ...unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value))],
  add: opcode(0x6a),
  sub: opcode(0x6b),
  mul: opcode(0x6c),
  and: opcode(0x71),
  or: opcode(0x72),
  /** Unsigned, as are the comparisons. */
  shr: opcode(0x76),
  ge: opcode(0x4f),
  /** Of the lowest bit that is set. */
  ctz: opcode(0x68),
  load: memory([0x28]),
  load8: memory([0x2d]),
  /** At the first operand, the second. */
  store: memory([0x36]),
};

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(value)],
  shl: opcode(0x86),
  mul: opcode(0x7e),
  /** Unsigned. */
  shr: opcode(0x88),
  load: memory([0x29]),
  /** Its lower half. */
  wrap: opcode(0xa7),
};

export const v128 = {
  load: memory([0xfd, 0]),
  store: memory([0xfd, 11]),
  and: vector(78),
  or: vector(80),
  anyTrue: vector(83),
};

export const i8x16 = {
  /** One byte in all sixteen lanes. */
  splat: vector(15),
  /** Sixteen lanes of two vectors, by number: the second's are 16 to 31. */
  shuffle: (lanes: readonly number[], first: Code, second: Code): Code => [...first, ...second, 0xfd, 13, ...lanes],
  /** The second operand's lanes say which lanes of the first are taken. */
  swizzle: vector(14),
  equal: vector(35),
  notEqual: vector(36),
  /** Unsigned. */
  less: vector(38),
  /** The highest bit of each lane. */
  bitmask: vector(100),
  shr: vector(109),
};

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
/** Sets it and leaves the value on the stack. */
export const tee = (local: number, value: Code): Code => [...value, 0x22, ...unsigned(local)];
export const returns = (value: Code): Code => [...value, 0x0f];
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...condition,
  0x04,
  empty,
  ...body.flat(),
  0x0b,
];
/** Runs its body, once more for each `again`. */
export const loop = (...body: readonly Code[]): Code => [0x03, empty, ...body.flat(), 0x0b];
/** Back to the beginning of a loop: `depth` loops and conditions are between. */
export const again = (depth = 0): Code => [0x0c, ...unsigned(depth)];

const empty = 0x40;
const types = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;
export type ValueType = keyof typeof types;

export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  /** Numbered after the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** A module of one function, exported as `run`, over a memory that it imports as `env.memory`. */
export function moduleOf({ parameters, result, locals, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const signature = [0x60, ...list(parameters.map((type) => [types[type]])), ...list([[types[result]]])];
  const code = [...list(locals.map((type) => [1, types[type]])), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [signature]),
    ...section(2, [[...name("env"), ...name("memory"), 0x02, 0x00, 1]]),
    ...section(3, [[0]]),
    ...section(7, [[...name("run"), 0x00, 0]]),
    ...section(10, [[...unsigned(code.length), ...code]]),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const content = list(entries);
  return [id, ...unsigned(content.length), ...content];
}

function list(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function name(text: string): Code {
  return list([...Buffer.from(text)].map((byte) => [byte]));
}

/** LEB128 (§5.2.2). */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): Code {
  const isLast = value >= -0x40n && value < 0x40n;
  const low = Number(value & 0x7fn);
  return isLast ? [low] : [low | 0x80, ...signed(value >> 7n)];
}
