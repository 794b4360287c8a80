/** A place in a report that symbols can name: `demo_fn+0x12/0x34`. */
export interface CodePlace {
  readonly symbol: string;
  readonly offset: number;
  /** Of the function: it tells apart two of the same name. */
  readonly size: number;
  /** The processor was just there; any other frame is where a call returns to, one behind the call. */
  readonly isExact: boolean;
}

const mostPlaces = 200;
const frame = /\b([A-Za-z_][\w.$]*)\+0x([0-9a-f]{1,8})\/0x([0-9a-f]{1,8})\b(?! \[)/;
const exact = /\b(?:RIP|EIP|NIP|PC is at|pc :|epc :)/;

/** The places of a report that are in the kernel itself, not in a module: each once, the first 200. */
export function placesIn(report: string): Map<string, CodePlace> {
  const places = new Map<string, CodePlace>();
  for (const line of report.split("\n")) {
    const match = frame.exec(line);
    if (match === null || places.size >= mostPlaces) continue;
    const [text, symbol = "", offset = "", size = ""] = match;
    const isExact = exact.test(line);
    places.set(keyOf(text, isExact), {
      symbol,
      offset: Number.parseInt(offset, 16),
      size: Number.parseInt(size, 16),
      isExact,
    });
  }
  return places;
}

/** The report with ` file:line` behind every place that has one. */
export function withSources(report: string, sources: ReadonlyMap<string, string>): string {
  return report
    .split("\n")
    .map((line) => {
      const match = frame.exec(line);
      const source = match && sources.get(keyOf(match[0], exact.test(line)));
      if (!match || !source) return line;
      const end = match.index + match[0].length;
      return `${line.slice(0, end)} ${source}${line.slice(end)}`;
    })
    .join("\n");
}

const keyOf = (text: string, isExact: boolean): string => (isExact ? text : `${text} returns`);
