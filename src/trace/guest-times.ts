import { open } from "node:fs/promises";
import type { ConsoleName } from "../machine/machine.ts";
import type { TraceEvent } from "./event.ts";
import { GuestClock } from "./guest-clock.ts";
import type { Trace } from "./reader.ts";

/** One boot's own clock on the trace's. */
export interface BootClock {
  /** From 1; each reset begins another. */
  readonly boot: number;
  /** How many of the guest's times it rests on. */
  readonly count: number;
  /**
   * Nanoseconds since the trace's start at which the guest's clock showed this; undefined where the guest printed no
   * times. For a message of its log: not before it was said, nor after it arrived.
   */
  hostTimeOf(guestSeconds: number): number | undefined;
}

/** A time counts if its line begins within so many bytes of a chunk, whose first byte's arrival is what is known. */
const nearStart = 32;
/** Room for escape sequences of a loader and the longest prefix. */
const prefixLength = 96;
const newline = 0x0a;
/** `[   12.345678]`, as CONFIG_PRINTK_TIME and NetBSD print it, with a level in front or a loader's leftovers. */
const printkTime = /^(?:\r|\x1b\[[\d;?=]*[A-Za-z])*(?:<\d{1,3}>)?\[ {0,12}(\d{1,8}\.\d{4,9})\]/;

/**
 * Derives, from what a console printed and when it came, the clock of each boot's kernel: so its printk times can stand
 * beside all other events. Reads the trace twice and the log piece by piece; nothing of it is kept.
 *
 * @example
 * const [clock] = await guestClocks(await readTrace(dir), "com1");
 * clock?.hostTimeOf(1.978);      // when "[    1.978090] Run /init as init process" was said
 */
export async function guestClocks(trace: Trace, console: ConsoleName = "com1"): Promise<BootClock[]> {
  const log = trace.consoles.find((each) => each.console === console);
  if (!log) return [];
  const life = await readLife(trace);
  const clocks = life.resets.map(() => new GuestClock());
  const file = await open(log.path);
  try {
    let endsLine = true;
    for await (const event of trace.events({ onMalformed: () => {} })) {
      if (event.kind !== "console" || event.console !== console || event.length === 0) continue;
      const length = Math.min(log.bytes - event.offset, prefixLength + nearStart);
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(Math.max(0, length)),
        0,
        Math.max(0, length),
        event.offset,
      );
      const start = lineStart(buffer.subarray(0, Math.min(bytesRead, event.length, nearStart)), endsLine);
      endsLine = await endsWithNewline(file, event.offset + event.length);
      if (start === undefined) continue;
      const seconds = printkTime.exec(buffer.toString("latin1", start, bytesRead))?.[1];
      const boot = life.resets.findLastIndex((at) => at <= event.t);
      if (seconds !== undefined) clocks[boot]?.add(Number(seconds), life.running(event.t) / 1e9);
    }
  } finally {
    await file.close();
  }
  return clocks.map((clock, index) => ({
    boot: index + 1,
    count: clock.count,
    hostTimeOf: (guestSeconds) => {
      const running = clock.hostTimeOf(guestSeconds);
      return running === undefined ? undefined : life.hostTime(running * 1e9);
    },
  }));
}

/** When the VM ran: a guest's clock stands still while it is paused. */
interface Life {
  /** When each boot began. */
  readonly resets: readonly number[];
  /** Time spent running by `t`, and back. */
  running(t: number): number;
  hostTime(running: number): number;
}

async function readLife(trace: Trace): Promise<Life> {
  const resets = [0];
  const pauses: { from: number; to: number }[] = [];
  for await (const event of trace.events({ onMalformed: () => {} })) {
    if (event.kind === "vm") takeLife(event, resets, pauses);
  }
  return {
    resets,
    running: (t) => pauses.reduce((left, { from, to }) => left - Math.max(0, Math.min(t, to) - from), t),
    hostTime: (running) => pauses.reduce((t, { from, to }) => (t > from ? t + (to - from) : t), running),
  };
}

function takeLife(
  { t, what }: Extract<TraceEvent, { kind: "vm" }>,
  resets: number[],
  pauses: { from: number; to: number }[],
) {
  const last = pauses.at(-1);
  if (what === "paused") pauses.push({ from: t, to: Number.POSITIVE_INFINITY });
  if ((what === "resumed" || what === "reset") && last?.to === Number.POSITIVE_INFINITY) last.to = t;
  if (what === "reset") resets.push(t);
}

/** Where the first line begins in a chunk's head. */
function lineStart(head: Buffer, isAtLineStart: boolean): number | undefined {
  if (isAtLineStart) return 0;
  const end = head.indexOf(newline);
  return end < 0 ? undefined : end + 1;
}

async function endsWithNewline(file: Awaited<ReturnType<typeof open>>, end: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, end - 1);
  return bytesRead === 1 && buffer[0] === newline;
}
