/** For a program's variables that are vectors. */
export const scratchAt = 16;
/** Where each program has its tables, */
export const shortTablesAt = 64;
export const sampledTablesAt = 16 * 1024;
export const needleTablesAt = 48 * 1024;
/** and where the bytes are that are looked at. */
export const bytesAt = 64 * 1024;
/** As many of them at most. */
export const mostBytes = 16 * 1024;
/** Addresses that a program found: as many as there are bytes at most. */
export const foundAt = 128 * 1024;
/** A little more than all that: programs read beyond the bytes' end, where what they find is no more than a candidate. */
const pages = 4;

/** Node's types for version 20 do not know it. */
const { Memory } = WebAssembly as unknown as {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const wasm = new Memory({ initial: pages, maximum: pages });

/** What the scanning programs work on, one after the other. */
export const memory: Uint8Array = new Uint8Array(wasm.buffer);
/** What one has found, by number. */
export const found: Int32Array = new Int32Array(wasm.buffer, foundAt);

/** From address and end address to what the program says. */
export type Run = (from: number, end: number) => number;

export function runOf(module: Uint8Array<ArrayBuffer>): Run {
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory: wasm } }).exports;
  // The module's only export, of this type (assembler.ts).
  return run as Run;
}

const loaded = new Map<number, Uint8Array>();

/** Other scanners have other tables at that address. */
export function loadTables(tables: Uint8Array, at: number): void {
  if (loaded.get(at) === tables) return;
  memory.set(tables, at);
  loaded.set(at, tables);
}
