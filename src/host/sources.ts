import { spawnSync } from "node:child_process";
import { type CodePlace, placesIn, withSources } from "../oracle/places.ts";
import { elfSymbols } from "./elf-symbols.ts";

/** DWARF of a whole kernel takes addr2line seconds. */
const longestMs = 10_000;

export interface Symbolised {
  readonly report: string;
  /** Why no place of it has a source, if so. */
  readonly note?: string;
}

/**
 * The report with the source line of every frame that `vmlinux` knows, by addr2line of binutils. What cannot be done is
 * a note, never an error. It blocks, ten seconds at most, and is meant for a report that fails its VM: the verdict must
 * be there before anything else happens.
 */
export function symbolise(report: string, vmlinux: string): Symbolised {
  try {
    const places = placesIn(report);
    const addresses = addressesOf(places, vmlinux);
    if (addresses.length === 0) return { report, note: `${vmlinux} knows none of the report's functions` };
    const lines = addr2line(
      vmlinux,
      addresses.map(([, address]) => address),
    );
    const known = addresses.flatMap(([key], index) => {
      const source = sourceOf(lines[index] ?? "");
      return source === undefined ? [] : [[key, source] as const];
    });
    if (known.length === 0) return { report, note: `${vmlinux} has no debug information` };
    return { report: withSources(report, new Map(known)) };
  } catch (error) {
    return { report, note: `the report has no source lines: ${(error as Error).message}` };
  }
}

function addressesOf(places: ReadonlyMap<string, CodePlace>, vmlinux: string): [key: string, address: bigint][] {
  const symbols = elfSymbols(vmlinux, new Set([...places.values()].map(({ symbol }) => symbol)));
  return [...places].flatMap(([key, { symbol, offset, size, isExact }]) => {
    const candidates = symbols.get(symbol) ?? [];
    const [only] = candidates.length === 1 ? candidates : candidates.filter((candidate) => candidate.size === size);
    return only ? [[key, only.address + BigInt(offset) - (isExact ? 0n : 1n)]] : [];
  });
}

function addr2line(vmlinux: string, addresses: readonly bigint[]): string[] {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join("");
  const run = spawnSync("addr2line", ["-e", vmlinux], { input, encoding: "utf8", timeout: longestMs });
  const code = (run.error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT") throw new Error("addr2line is missing; install binutils");
  if (code === "ETIMEDOUT") throw new Error(`addr2line did not end within ${longestMs / 1000} s`);
  if (run.error) throw run.error;
  return run.stdout.split("\n");
}

/** `??:0` is unknown; a build folder before `/./` says nothing. */
function sourceOf(line: string): string | undefined {
  if (line === "" || line.startsWith("??") || line.endsWith(":?") || line.endsWith(":0")) return undefined;
  return line.replace(/ \(discriminator \d+\)$/, "").replace(/^.*\/\.\//, "");
}
