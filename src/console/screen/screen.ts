import type { PowerEvent } from "../../power/event.ts";
import { timeoutMs, type Wait } from "../../power/wait.ts";
import type { Console } from "../console.ts";
import type { ConsoleState, Waiting } from "../console-state.ts";
import { ScreenDecoder, type ScreenEncoding } from "./screen-decoder.ts";
import { compileScreenPattern } from "./screen-pattern.ts";
import { ScreenWait } from "./screen-wait.ts";
import type { ScreenSnapshot } from "./snapshot.ts";
import { openTerminal, type ScreenTerminal } from "./terminal.ts";

export interface ScreenOptions {
  /** 2 to 200, 80 by default. */
  readonly columns?: number;
  /** 1 to 200, 25 by default. UEFI's setup draws on 50. */
  readonly rows?: number;
  /** How the guest's bytes are characters: `utf-8` by default, `cp437` for a PC's line drawing. */
  readonly encoding?: ScreenEncoding;
  /** When the terminal is switched on, and blank: at the first byte by default. */
  readonly from?: { readonly after: PowerEvent } | number | "start" | "now";
  /**
   * Types the answers of a terminal into the guest when it asks for the cursor's place (`ESC [ 6 n`) or the
   * terminal's kind. Off by default: a test's guest then sees nobody who types but the test. What was asked before
   * this screen was made is not answered.
   */
  readonly answers?: boolean;
}

export interface ScreenWaitOptions {
  /** Milliseconds, or `"5s"`. */
  readonly timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The options with every default in its place. */
export interface ScreenSetup {
  readonly columns: number;
  readonly rows: number;
  readonly encoding: ScreenEncoding;
  readonly from: number;
  readonly answers: boolean;
}

/** Read and obeyed at once; between two such pieces other work has its turn. */
const sliceBytes = 65_536;

/**
 * What a terminal on this console shows: for menus, installers and everything that moves the cursor. It is a function
 * of the bytes, never of how they arrived. As on a real terminal nothing but the guest clears it, a reset of the VM
 * included; `from: { after: event }` gives a fresh one.
 *
 * Its memory is one screen. It obeys the record when it is looked at, at some 20 MB/s, and then what came since.
 *
 * @example
 * const screen = vm.console().screen();
 * await screen.toShow("GNU GRUB");
 * vm.console().press("Down", "Enter");
 */
export class Screen {
  readonly console: Console;
  readonly #state: ConsoleState;
  readonly #setup: ScreenSetup;
  readonly #decoder: ScreenDecoder;
  /** Bytes before this offset have been obeyed. */
  #position: number;
  #obeying: Promise<void> | undefined;
  #opening: Promise<ScreenTerminal> | undefined;
  #terminal: ScreenTerminal | undefined;
  readonly #answersFrom: number;

  constructor(console: Console, state: ConsoleState, setup: ScreenSetup) {
    this.console = console;
    this.#state = state;
    this.#setup = setup;
    this.#decoder = new ScreenDecoder(setup.encoding);
    this.#position = setup.from;
    this.#answersFrom = setup.answers ? state.source.end : Number.POSITIVE_INFINITY;
    if (setup.answers) this.#keepUp();
  }

  /** All of the screen as it is now: with every byte obeyed that the console had when this was called. */
  async snapshot(): Promise<ScreenSnapshot> {
    return await this.showing(this.#state.source.end);
  }

  /** False if the console ended because it could not be seen any longer, not because the guest's output did. */
  get endedInOrder(): boolean {
    return this.#state.endedInOrder;
  }

  /** The screen as far as it has been looked at, without waiting: evidence for messages. */
  glance(): ScreenSnapshot | undefined {
    return this.#terminal?.snapshot();
  }

  /** The whole screen, a line a row, without blanks at the ends of lines and blank lines at the end. */
  async text(): Promise<string> {
    return (await this.snapshot()).text;
  }

  /** The rows from top to bottom, without blanks at their ends. */
  async lines(): Promise<readonly string[]> {
    return (await this.snapshot()).lines;
  }

  /** Where the cursor is; row and column count from 0. */
  async cursor(): Promise<ScreenSnapshot["cursor"]> {
    return (await this.snapshot()).cursor;
  }

  /** The window title the guest has set; it is kept here and never set on your terminal. */
  async title(): Promise<string> {
    return (await this.snapshot()).title;
  }

  /**
   * Waits until the screen shows `pattern`: a text that stands in one row, or a regular expression over all rows whose
   * `^` and `$` are a row's. It looks at the screen as it is and consumes nothing; what was shown and is overwritten,
   * or scrolled away, is for `expect`.
   *
   * @throws UsageError for an empty text or a malformed timeout. Rejects with TimeoutError that shows the screen, with
   * the reason why the console ended (after a last look), or with the signal's reason.
   */
  toShow(pattern: string | RegExp, options: ScreenWaitOptions = {}): Wait<ScreenSnapshot> {
    const state = this.#state;
    const compiled = compileScreenPattern(pattern);
    const timeout = timeoutMs(options.timeout, state.defaultTimeoutMs);
    const { signal } = options;
    return state.waits.start(`${state.name}: screen().toShow(${compiled.title})`, (resolve, reject) => {
      const wait: ScreenWait = new ScreenWait(state, {
        ...{ pattern: compiled, timeoutMs: timeout, signal },
        look: (until) => this.showing(until),
        found: (shown) => {
          state.waiting.delete(wait);
          resolve(shown);
        },
        failed: (reason) => {
          state.waiting.delete(wait);
          reject(reason);
        },
      });
      state.waiting.add(wait);
      wait.begin();
    });
  }

  /** The screen with at least the bytes before `until` obeyed. */
  private async showing(until: number): Promise<ScreenSnapshot> {
    this.#opening ??= this.#open();
    const terminal = await this.#opening;
    while (this.#position < until) {
      this.#obeying ??= this.#obeySome(terminal).finally(() => {
        this.#obeying = undefined;
      });
      await this.#obeying;
    }
    return terminal.snapshot();
  }

  async #open(): Promise<ScreenTerminal> {
    const terminal = await openTerminal(this.#setup);
    terminal.onAnswer((answer) => {
      if (this.#position < this.#answersFrom || this.#state.endReason || this.#state.poisonReason) return;
      this.console.send(answer);
    });
    this.#terminal = terminal;
    return terminal;
  }

  async #obeySome(terminal: ScreenTerminal): Promise<void> {
    const { source } = this.#state;
    const limit = this.#position < this.#answersFrom ? this.#answersFrom : source.end;
    const end = Math.min(source.end, limit, this.#position + sliceBytes);
    const bytes = source.read(this.#position, end);
    if (bytes.length === 0) throw new RangeError(`the console's record ends before byte ${end}`);
    await terminal.write(this.#decoder.push(bytes));
    this.#position += bytes.length;
  }

  /** Who answers must read what is asked, looked at or not. */
  #keepUp(): void {
    const reader: Waiting = {
      begin: () => {},
      // A record that cannot be read fails whoever looks at the screen.
      advance: () => void this.snapshot().catch(() => {}),
      end: () => {},
      fail: () => void this.#state.waiting.delete(reader),
    };
    this.#state.waiting.add(reader);
    reader.advance();
  }
}
