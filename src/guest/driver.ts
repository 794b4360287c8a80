import type { Console } from "../console/console.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { WatchdogName } from "../machine/machine.ts";
import type { Programs, ProgramsHost } from "./programs.ts";
import type { ByteLine } from "./serial/link.ts";
import type { TapResult } from "./tap/result.ts";

export const resetWays = ["keyboard", "cf9", "port92", "acpi", "efi"] as const;
export type ResetWay = (typeof resetWays)[number];

/**
 * How a kernel is made to crash. It survives `oops`, `null-pointer` and `bug` unless it runs with `oops=panic`, goes on
 * beside a `hung-task`, and kills a process when `out-of-memory`, unless the sysctl vm.panic_on_oom is 2.
 */
export const crashWays = ["panic", "oops", "null-pointer", "bug", "hung-task", "soft-lockup", "out-of-memory"] as const;
export type CrashWay = (typeof crashWays)[number];

export interface RebootOptions {
  /** For all of it. Milliseconds, or `"5s"`; the VM's own if absent. */
  readonly timeout?: number | string;
}

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
   * Makes the guest start anew, and resolves when it is ready again. The reset counts as looked at.
   * @throws UnexpectedPowerEvent if it does something else, TimeoutError if it does not come back
   */
  reboot(options?: RebootOptions): Promise<void>;
  /** Stops the operating system and leaves the machine on. */
  halt(): Promise<void>;
  /** Suspends to RAM (ACPI S3). It answers again once it is awake: `vm.facet("wake")()`. */
  suspend(): Promise<void>;
  /** To disk, ACPI S4: the event `hibernate`. With its disk a Linux goes on where it was after `vm.reset()`. */
  hibernate(): Promise<void>;
  /**
   * Stops every vCPU for good (`quiet`: cli; hlt) or in a loop with interrupts off (`busy`). With `watchdog`, a time,
   * the machine's watchdog is armed first: it expires, since nobody pets it.
   */
  hang(options?: HangOptions): Promise<void>;
  /**
   * Arms the machine's watchdog with a time (milliseconds, or `"5s"`; rounded up to what the device takes), pets or
   * stops it.
   */
  watchdog(what: { readonly arm: number | string } | "pet" | "stop"): Promise<void>;
  /** What the watchdog tells of itself: whether it counts, and whether it has expired since it was last armed. */
  watchdogStatus(): Promise<WatchdogStatus>;
  /** The crash it causes is expected from then on. */
  tripleFault(): Promise<void>;
  /** Raises a CPU exception (0 to 31); the guest reports it and halts. */
  exception(vector: number): Promise<void>;
  /** A fault whose handler faults, and so on, as deep as that (1 to 32); each is reported, the last one halts. */
  nestedFaults(depth: number): Promise<void>;
  /** Reports a panic to the VMM (pvpanic) and halts. The crash is expected from then on. */
  panic(): Promise<void>;
  /** Writes a value (0 to 255) to QEMU's isa-debug-exit at port F4h. */
  debugExit(value: number): Promise<void>;
  /** What the kernel reports of it is expected from then on. */
  crash(how: CrashWay): Promise<void>;
  /** Says the text back: proof of life. Returns what came. */
  echo(text: string): Promise<string>;
  /** Facts the guest found: boot, CPU mode, memory … */
  info(): Promise<Readonly<Record<string, string>>>;
  /** Prints that many bytes and their CRC-32; resolves with both once the guest is done. */
  flood(bytes: number, seed?: number): Promise<{ readonly bytes: number; readonly crc32: string }>;
  /** Checks the machine it runs on: CPUID, memory, PCI, ACPI's tables, timers. A check that failed fails the test unless somebody looks at it. */
  tap(): Promise<TapResult>;
}

export interface WatchdogStatus {
  readonly device: string;
  readonly isArmed: boolean;
  /** What is left of an expiry after the reset that it caused. */
  readonly hasFired: boolean;
}

/** What a driver needs of its VM. */
export interface GuestHost extends ProgramsHost {
  readonly console: Console;
  /** Waits for the ready pattern of this boot; resolves with the byte offset after it. */
  ready(): Promise<number>;
  /** Byte offset from which this boot's output counts. */
  bootOffset(): number;
  expectCrash(cause: string): void;
  /** The watchdog device that the machine has, if it has one. */
  readonly watchdog: WatchdogName | undefined;
  /** COM1 for a driver's own talk, which no test waits for. */
  readonly line: ByteLine;
  /** Calls the listener, with why, whenever what runs in the guest is gone: it was reset, it ended, it crashed. What it returns ends that. */
  onStop(listener: (reason: Error) => void): () => void;
  /** Waits, at most so long, until what `start` began has reset the guest, and the guest is ready again. */
  reboot(start: () => Promise<void>, options?: RebootOptions): Promise<void>;
  /** Calls the listener before somebody else types on COM1. */
  onTyping(listener: () => void): void;
}

/** A driver that refuses whatever it was not given. */
export function guestOf(what: string, host: Pick<GuestHost, "ready">, abilities: Partial<Guest>): Guest {
  const refuse = (ability: string) => () =>
    Promise.reject(new UnsupportedError(`${what} cannot ${ability}; use the image petri-guest, or send it by console`));
  return {
    ready: async () => void (await host.ready()),
    shutdown: refuse("shut down on command"),
    reset: refuse("reset on command"),
    reboot: refuse("reboot on command"),
    halt: refuse("halt on command"),
    suspend: refuse("suspend on command"),
    hibernate: refuse("hibernate on command"),
    hang: refuse("hang on command"),
    watchdog: refuse("use a watchdog on command"),
    watchdogStatus: refuse("ask its watchdog"),
    tripleFault: refuse("triple-fault on command"),
    exception: refuse("raise an exception on command"),
    nestedFaults: refuse("fault on command"),
    panic: refuse("panic on command"),
    debugExit: refuse("use isa-debug-exit on command"),
    crash: refuse("crash on command"),
    echo: refuse("echo"),
    info: refuse("tell about itself"),
    flood: refuse("flood its console"),
    exec: refuse("run programs"),
    spawn: refuse("run programs"),
    forward: refuse("reach ports of its own"),
    shell: refuse("give a shell"),
    runTap: refuse("run programs"),
    upload: refuse("take files"),
    download: refuse("give files"),
    read: refuse("give files"),
    waitFor: refuse("run programs"),
    tap: refuse("check its machine"),
    ...abilities,
  };
}

/** Text to be typed in one line. Throws UsageError for more: each line of it would be a command of its own. */
export function oneLine(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new UsageError(`${JSON.stringify(text)} cannot be echoed: give one line of printable text`);
}
