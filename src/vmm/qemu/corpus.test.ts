import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { VmmPlan } from "../contract.ts";
import { Classifier, type Verdict } from "./classifier.ts";

/**
 * 181 runs of tiny guests under QEMU 7.2.22 with TCG, each with one set of action flags: what QMP said, in order, and how
 * the process ended where it did by itself. Where the guest runs on nothing is expected, whatever was said meanwhile.
 */
interface Cell {
  readonly name: string;
  readonly guest: string | null;
  readonly devices: readonly string[];
  readonly qmp: readonly { readonly event: string; readonly data?: Record<string, unknown> }[];
  /** Status or signal; null if it was still running. */
  readonly exit: number | string | null;
  /** The harness had asked it to end. */
  readonly asked?: boolean;
  readonly expected: readonly string[];
}

const text = readFileSync(new URL("test/power-events.jsonl", import.meta.url), "utf8");
const cells = text
  .trim()
  .split("\n")
  .map((line): Cell => JSON.parse(line));

const planOf = ({ devices }: Cell): VmmPlan => ({
  ...{ vmm: "qemu", accelerator: "tcg", consoles: {}, control: "", copies: [], firmware: "none" },
  ...{ run: { file: "qemu", args: devices.flatMap((device) => ["-device", device]) }, isPersistent: false, notes: [] },
});

/** What the classifier makes of a cell; QEMU's log was not kept, but had a line for each triple fault (§3.3 trap 6). */
function told(cell: Cell): string[] {
  const log = cell.guest?.includes("triple") ? "Triple fault\n" : "";
  const classifier = new Classifier(planOf(cell), () => log);
  const place = { at: 1, offsets: {} };
  const events = cell.qmp.map(({ event, data = {} }, index) => {
    const verdict = classifier.take({ name: event, data, at: index, offsets: {}, line: event });
    return verdict && eventOf(classifier, verdict);
  });
  if (cell.exit !== null) {
    const [exitCode, signal] = typeof cell.exit === "number" ? [cell.exit, null] : [null, cell.exit];
    events.push(classifier.takeEnd({ ...place, exitCode, signal, expected: cell.asked === true, stderrTail: "" }));
  }
  return events.filter((event) => event !== undefined).map(({ kind, cause }) => `${kind} ${cause}`);
}

function eventOf(classifier: Classifier, verdict: Verdict) {
  if (verdict.is === "event") return verdict.event;
  if (verdict.is === "reset") return classifier.explainReset(verdict, []);
  return verdict.is === "unexplained" ? classifier.explainStop(verdict.stop, "paused", "") : undefined;
}

test("the whole corpus is there", () => {
  expect(cells).toHaveLength(181);
  expect(cells.filter(({ expected }) => expected.length > 0).length).toBeGreaterThan(100);
});

test.each(cells)("$name", (cell) => {
  expect(told(cell)).toEqual(cell.expected);
});
