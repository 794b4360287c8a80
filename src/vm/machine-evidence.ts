import { basename, resolve } from "node:path";
import { printable } from "../console/printable.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { RunningVmm } from "../vmm/contract.ts";

/** A VMM that hangs itself answers nothing: its guest's end need not wait for it. */
const askMs = 5_000;
/** Of the registers of one vCPU, what a reader looks at first; the trace has them all. */
const quotedLines = 24;
/** A VM has at most some hundred vCPUs of a few KB each. */
const longestNote = 256 * 1024;

export interface EvidenceRequest {
  readonly facets: RunningVmm["facets"];
  readonly traceDir: string;
  /** The screen's file in the trace's folder. */
  readonly picture: string;
  readonly note: (event: UntimedEvent) => void;
}

/**
 * What the vCPUs and the display show, in the record and, in short, as lines for a message. Never rejects, and takes
 * some seconds at most: what cannot be had is said instead.
 */
export async function machineEvidence(request: EvidenceRequest): Promise<string[]> {
  const [registers, screen] = await Promise.all([registersOf(request), screenOf(request)]);
  return [...registers, ...screen];
}

async function registersOf({ facets: { registers }, note }: EvidenceRequest) {
  if (!registers) return ["this VMM tells no registers"];
  return await asked("the registers", async () => {
    const text = await registers();
    note({ kind: "note", text: `registers of every vCPU:\n${text.slice(0, longestNote)}` });
    return ["registers of the vCPUs:", ...quoted(text)];
  });
}

async function screenOf({ facets, traceDir, picture, note }: EvidenceRequest) {
  const { screenshot, screenText } = facets;
  if (screenshot) {
    // The VMM has a working folder of its own.
    const path = resolve(traceDir, picture);
    return await asked("the screen", async () => {
      await screenshot(path);
      note({ kind: "picture", file: basename(path) });
      return [`screen: ${path}`];
    });
  }
  if (!screenText) return [];
  return await asked("the screen", async () => {
    const text = await screenText();
    note({ kind: "note", text: `screen:\n${text.slice(0, longestNote)}` });
    const lines = quoted(text);
    return lines.length === 0 ? ["the screen is blank"] : ["screen:", ...lines];
  });
}

function quoted(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const shown = lines.slice(0, quotedLines).map((line) => `  | ${printable(line.trimEnd())}`);
  return lines.length > quotedLines ? [...shown, `  | … ${lines.length - quotedLines} more lines in the trace`] : shown;
}

async function asked(what: string, ask: () => Promise<string[]>): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([`${what} did not come within ${askMs / 1000} s`]), askMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    return [`${what} could not be had: ${printable((error as Error).message)}`];
  } finally {
    clearTimeout(timer);
  }
}
