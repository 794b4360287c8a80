import type { ByteSource } from "../byte-source.ts";

/** DECSET and DECRST, and what puts every mode back: RIS and DECSTR (xterm's ctlseqs). */
const change = /\x1b(?:\[\?([\d;]+)([hl])|c|\[!p)/g;

const stepBytes = 65_536;
/** Programs that take over the screen set the mode as they begin, and redraw seldom more than this. */
const mostBytes = 16 * stepBytes;
const longestChange = 64;

/** True if the guest has last asked for application cursor keys (DECCKM, mode ?1), as far back as a MiB. */
export function hasApplicationKeys(source: ByteSource): boolean {
  const floor = Math.max(0, source.end - mostBytes);
  for (let end = source.end; end > floor; end -= stepBytes) {
    const start = Math.max(floor, end - stepBytes);
    // A change may be cut by the step's end.
    const text = source.read(start, Math.min(source.end, end + longestChange)).toString("latin1");
    const last = [...text.matchAll(change)].filter(([, modes]) => modes === undefined || isCursorKeys(modes)).at(-1);
    if (last) return last[2] === "h";
  }
  return false;
}

function isCursorKeys(modes: string): boolean {
  return modes.split(";").includes("1");
}
