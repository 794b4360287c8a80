import type { Console } from "../console/console.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { Programs } from "./programs.ts";
import type { ByteLine } from "./serial/link.ts";

export const resetWays = ["keyboard", "cf9", "port92", "acpi", "efi"] as const;
export type ResetWay = (typeof resetWays)[number];

interface HangOptions {
  readonly how?: "quiet" | "busy";
  /** Milliseconds, or `"5s"`; rounded up to seconds. */
  readonly watchdog?: number | string;
}

/**
 * Makes the guest do things. Every method waits until the guest is ready, and resolves when the guest has taken the
 * command, not when its effect is seen: assert that on `vm.power`.
 */
export interface Guest extends Programs {
  /** Resolves when the image's ready pattern was printed since the last power event. */
  ready(): Promise<void>;
  shutdown(): Promise<void>;
  reset(way?: ResetWay): Promise<void>;
  /**
   * Stops every vCPU for good (`quiet`: cli; hlt) or in a loop with interrupts off (`busy`). With `watchdog`, a time,
   * the machine's watchdog is armed first: it expires, since nobody pets it.
   */
  hang(options?: HangOptions): Promise<void>;
  /** Arms the machine's watchdog with a time (milliseconds, or `"5s"`; rounded up to seconds), pets or stops it. */
  watchdog(what: { readonly arm: number | string } | "pet" | "stop"): Promise<void>;
  /** The crash it causes is expected from then on. */
  tripleFault(): Promise<void>;
  /** Says the text back: proof of life. Returns what came. */
  echo(text: string): Promise<string>;
  /** Facts the guest found: boot, CPU mode, memory … */
  info(): Promise<Readonly<Record<string, string>>>;
  /** Prints that many bytes and their CRC-32; resolves with both once the guest is done. */
  flood(bytes: number, seed?: number): Promise<{ readonly bytes: number; readonly crc32: string }>;
}

/** What a driver needs of its VM. */
export interface GuestHost {
  readonly console: Console;
  /** Waits for the ready pattern of this boot; resolves with the byte offset after it. */
  ready(): Promise<number>;
  /** Byte offset from which this boot's output counts. */
  bootOffset(): number;
  expectCrash(cause: string): void;
  /** The machine's watchdog device, if it has one. */
  readonly watchdog: Machine["watchdog"];
  /** COM1 for a driver's own talk, which no test waits for. */
  readonly line: ByteLine;
  /** Calls the listener, with why, whenever what runs in the guest is gone: it was reset, it ended, it crashed. */
  onStop(listener: (reason: Error) => void): void;
  /** Calls the listener before somebody else types on COM1. */
  onTyping(listener: () => void): void;
  /** How long a command without a timeout of its own may take. */
  readonly defaultTimeoutMs: () => number;
  /** Adds to the trace. */
  record(event: UntimedEvent): void;
}

/** A driver that refuses whatever it was not given. */
export function guestOf(what: string, host: Pick<GuestHost, "ready">, abilities: Partial<Guest>): Guest {
  const refuse = (ability: string) => () =>
    Promise.reject(new UnsupportedError(`${what} cannot ${ability}; use the image petri-guest, or send it by console`));
  return {
    ready: async () => void (await host.ready()),
    shutdown: refuse("shut down on command"),
    reset: refuse("reset on command"),
    hang: refuse("hang on command"),
    watchdog: refuse("use a watchdog on command"),
    tripleFault: refuse("triple-fault on command"),
    echo: refuse("echo"),
    info: refuse("tell about itself"),
    flood: refuse("flood its console"),
    exec: refuse("run programs"),
    upload: refuse("take files"),
    download: refuse("give files"),
    read: refuse("give files"),
    waitFor: refuse("run programs"),
    ...abilities,
  };
}

/** Text to be typed in one line. Throws UsageError for more: each line of it would be a command of its own. */
export function oneLine(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new UsageError(`${JSON.stringify(text)} cannot be echoed: give one line of printable text`);
}
