import type { ConsoleName } from "../../machine/machine.ts";
import { Oracle } from "../../oracle/oracle.ts";
import type { Finding } from "../../oracle/rule.ts";
import type { RecordedConsole, Recording } from "./recording.ts";

/** A report on a recorded console; without a verdict if only this oracle finds it, and the run's did not. */
export interface RecordedFinding extends Omit<Finding, "os"> {
  /** A rule's of the user may name any. */
  readonly os: string;
  readonly console: ConsoleName;
  readonly verdict?: "unexpected" | "known" | "allowed" | "reported";
}

const pieceBytes = 1024 * 1024;
const mostFindings = 100;

/**
 * What the run's oracle found, with what became of it, and what the built-in rules find beside that: boot by boot, as
 * when it ran. The first hundred of each console, in the order they were printed.
 */
export function findingsIn({ consoles, findings, life }: Recording): RecordedFinding[] {
  return [...consoles.values()].flatMap((console) => {
    const recorded = findings.flatMap((event) => (event.console === console.name ? [asFinding(event)] : []));
    const isRecorded = ({ offset, title }: RecordedFinding) =>
      recorded.some((known) => known.offset === offset && known.title === title);
    const resets = life.filter(({ what }) => what === "reset").map(({ t }) => console.endAt(t));
    const others = foundIn(console, resets).filter((finding) => !isRecorded(finding));
    return [...recorded, ...others].sort((a, b) => a.offset - b.offset).slice(0, mostFindings);
  });
}

function asFinding({ kind: _, t: _t, ...facts }: Recording["findings"][number]): RecordedFinding {
  return facts;
}

function foundIn(console: RecordedConsole, resets: readonly number[]): RecordedFinding[] {
  const oracle = new Oracle();
  const source = console.upTo(console.bytes);
  const findings: RecordedFinding[] = [];
  const keep = (found: Iterable<Finding>) => {
    for (const finding of found) findings.push({ console: console.name, ...finding });
  };
  let at = 0;
  for (const end of [...resets, console.bytes]) {
    while (at < end && findings.length < mostFindings) {
      const next = Math.min(end, at + pieceBytes);
      keep(oracle.push(source.read(at, next)));
      at = next;
    }
    keep(oracle.restarted());
  }
  return findings;
}
