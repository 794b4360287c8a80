import { type NextSuspect, nextMatch } from "./suspects.ts";

/** A kernel whose clock shows this much was running, and did not just print its first lines. */
const settledSeconds = 1;
/** What the kernel says before a reset it was asked for (kernel/reboot.c, kernel/kexec_core.c). */
const orderly =
  /\breboot: (?:Restarting system|machine restart|Power down|System halted)|Starting new kernel|Rebooting in \d+ seconds/;
const banner = /^Linux version \d|^Booting the kernel\b/;
/** A time of `settledSeconds` or more, as printk.ts reads it. */
const settled = /\[ {0,12}0{0,7}[1-9]\d{0,7}\.\d{4,9}\]/g;

/** What says that a kernel starts or ends, whenever it does. */
export const lifeSigns: readonly RegExp[] = [orderly, banner];

/** Where the next line is whose time says that its kernel is running. */
export const nextSettled = (lines: Buffer): NextSuspect => nextMatch(settled, lines);

/** Whether a kernel is running, by its own clock: its start, printed again in mid-run, is a reset nobody asked for. */
export class Uptime {
  #isRunning = false;

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The machine was reset: whatever boots now was meant to. */
  restarted(): void {
    this.#isRunning = false;
  }

  read(text: string, seconds: number | undefined): void {
    if (orderly.test(text) || banner.test(text)) this.#isRunning = false;
    else if (seconds !== undefined && seconds >= settledSeconds) this.#isRunning = true;
  }
}
