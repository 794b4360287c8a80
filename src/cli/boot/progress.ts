import { printable } from "../../console/printable.ts";
import { showDuration } from "../../power/wait.ts";

const redrawMs = 500;
/** What is over sooner needs no line. */
const firstDrawMs = 200;

/** One line on stderr that tells what takes so long, redrawn in place; nothing where stderr is no terminal, or in CI. */
export class Progress {
  readonly #isShown: boolean;
  readonly #startedAt = performance.now();
  #what = "";
  #isDrawn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { quiet: boolean }, env: NodeJS.ProcessEnv = process.env) {
    this.#isShown = process.stderr.isTTY === true && !options.quiet && !env.CI && env.TERM !== "dumb";
  }

  show(what: string): void {
    if (!this.#isShown) return;
    this.#what = printable(what);
    if (this.#isDrawn) this.#draw();
    this.#timer ??= setTimeout(() => this.#tick(), firstDrawMs).unref();
  }

  /** Says something else where the line is still wanted; a console that is being shown is left alone. */
  update(what: string): void {
    if (this.#timer !== undefined) this.show(what);
  }

  /** Takes the line away; the terminal is the caller's. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isDrawn) process.stderr.write("\r\x1b[2K");
    this.#isDrawn = false;
  }

  #tick(): void {
    this.#draw();
    this.#timer = setTimeout(() => this.#tick(), redrawMs).unref();
  }

  #draw(): void {
    this.#isDrawn = true;
    const elapsed = showDuration(performance.now() - this.#startedAt);
    const line = `${this.#what} (${elapsed})`.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
    process.stderr.write(`\r\x1b[2K${line}`);
  }
}
