/** For a program's variables that are vectors. */
export const scratchAt = 16;
/** Where each program has its tables, */
export const shortTablesAt = 64;
export const sampledTablesAt = 16 * 1024;
/** and where the bytes are that are looked at. */
export const bytesAt = 64 * 1024;
/** As many of them at most. */
export const mostBytes = 16 * 1024;
/** The bytes, and more: programs read a little beyond their end, where what they find is no more than a candidate. */
const pages = 2;

/** Node's types for version 20 do not know it. */
const { Memory } = WebAssembly as unknown as {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const wasm = new Memory({ initial: pages, maximum: pages });

/** What the scanning programs work on, one after the other. */
export const memory: Uint8Array = new Uint8Array(wasm.buffer);

/** From address, end address to the address of the first candidate; the end or more if there is none. */
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
