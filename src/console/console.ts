import type { ConsoleName } from "../machine/machine.ts";
import type { PowerEvent } from "../power/event.ts";
import { reasonWithContext, type Wait } from "../power/wait.ts";
import type { WaitWatcher } from "../power/wait-watcher.ts";
import type { AbsenceOptions } from "./absence.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Clock } from "./clock.ts";
import { ConsoleState } from "./console-state.ts";
import { Cursor } from "./cursor.ts";
import type { AnyMatch, Match } from "./match.ts";
import { hasApplicationKeys } from "./screen/application-keys.ts";
import { type Key, keyBytes, type PressOptions } from "./screen/press.ts";
import type { Screen, ScreenOptions } from "./screen/screen.ts";
import { Screens } from "./screen/screens.ts";
import { lastLines, readText } from "./text.ts";
import type { LinesOptions, WaitOptions } from "./wait-options.ts";
import type { WaitObserver } from "./wait-record.ts";

export type { AbsenceOptions } from "./absence.ts";
export type { ByteSource } from "./byte-source.ts";
export type { Cursor } from "./cursor.ts";
export type { AnyMatch, Match } from "./match.ts";
export { UnexpectedOutput } from "./unexpected-output.ts";
export type { LinesOptions, WaitOptions } from "./wait-options.ts";

export interface ConsoleOptions {
  name: ConsoleName;
  source: ByteSource;
  send: (bytes: Uint8Array, isSecret: boolean) => void;
  defaultTimeoutMs: () => number;
  /** A line of context for failure messages, such as the boot phase. */
  describe?: () => string | undefined;
  /** For the trace. */
  observe?: WaitObserver;
  /** The host's unless a recording is played. */
  clock?: Clock;
  /** Told of every wait on this console. */
  watcher?: WaitWatcher | undefined;
}

export interface SendOptions {
  /** A password: the trace then holds only how many bytes were sent. */
  secret?: boolean;
}

/**
 * One serial line of a VM: everything it ever printed, and the way to type into it.
 *
 * Text is matched as people read it: without escape sequences, decoded from UTF-8, each line end ("\r\n", or a lone
 * "\r" after something printed) one "\n".
 *
 * @example
 * const console = vm.console("com1");
 * await console.expect(/login: $/, { timeout: "2m" });
 * console.sendLine("root");
 * const { groups } = await console.expect(/^Linux version (?<release>\S+) /);
 */
export class Console {
  readonly #state: ConsoleState;
  readonly #send: (bytes: Uint8Array, isSecret: boolean) => void;
  readonly #cursor: Cursor;
  readonly #screens = new Screens();

  constructor(options: ConsoleOptions) {
    this.#state = new ConsoleState(options);
    this.#send = options.send;
    this.#cursor = new Cursor(this.#state, 0);
  }

  get name(): ConsoleName {
    return this.#state.name;
  }

  /** The recorder has more bytes. */
  advance(): void {
    this.#state.lastAdvance = this.#state.clock.now();
    for (const wait of this.#state.waiting) wait.advance();
  }

  /**
   * No more bytes will come. Pending waits look at the last ones once more, then reject with the reason, as later
   * waits do; a match in the record still wins. `inOrder`: the guest's output came to its end, rather than the means to
   * see it; only then does it show what was not printed.
   */
  end(reason: Error, { inOrder = true }: { inOrder?: boolean } = {}): void {
    if (this.#state.endReason === undefined) this.#state.endedInOrder = inOrder;
    this.#state.endReason ??= reason;
    for (const wait of this.#state.waiting) wait.end();
  }

  /** Why no more bytes will come, if it is so. */
  get endReason(): Error | undefined {
    return this.#state.poisonReason ?? this.#state.endReason;
  }

  /** The guest runs again after an end: more bytes will come. */
  reopen(): void {
    this.#state.endReason = undefined;
  }

  /** From now on every call rejects with the reason, waits that are pending included. */
  poison(reason: Error): void {
    this.#state.poisonReason ??= reason;
    for (const wait of this.#state.waiting) wait.fail(this.#state.poisonReason);
  }

  /** Waits on the console's own cursor, which starts at the first byte. See {@link Cursor.expect}. */
  expect(pattern: string | RegExp, options?: WaitOptions): Wait<Match> {
    return this.#cursor.expect(pattern, options);
  }

  /** The first of several patterns, on the console's own cursor. See {@link Cursor.expectAny}. */
  expectAny(patterns: readonly (string | RegExp)[], options?: WaitOptions): Wait<AnyMatch> {
    return this.#cursor.expectAny(patterns, options);
  }

  /** Whole lines, on the console's own cursor. See {@link Cursor.expectLines}. */
  expectLines(patterns: readonly (string | RegExp)[], options?: LinesOptions): Wait<Match[]> {
    return this.#cursor.expectLines(patterns, options);
  }

  /** What must not come within a span, from the console's own cursor on. See {@link Cursor.expectNot}. */
  expectNot(pattern: string | RegExp, options: AbsenceOptions): Wait<void> {
    return this.#cursor.expectNot(pattern, options);
  }

  /** A cursor of its own: at the first byte, behind the last one, where an event happened, or at a byte offset. */
  cursor(from: { after: PowerEvent } | number | "start" | "now" = "start"): Cursor {
    if (from === "start") return new Cursor(this.#state, 0);
    if (typeof from === "number") return new Cursor(this.#state, from);
    return new Cursor(this.#state, from === "now" ? this.#state.source.end : this.#state.offsetOf(from.after));
  }

  /** Types into the guest: text as UTF-8, or bytes as they are. Throws the reason if the VM is gone. */
  send(text: string | Uint8Array, options: SendOptions = {}): void {
    const { poisonReason, endReason, name } = this.#state;
    if (poisonReason) throw poisonReason;
    if (endReason) throw reasonWithContext(endReason, `${endReason.message}: nobody reads what is sent to ${name}`);
    this.#send(typeof text === "string" ? Buffer.from(text, "utf8") : text, options.secret ?? false);
  }

  /** Types a line: a terminal's Enter key is a CR, which the guest's line discipline makes a line end. */
  sendLine(text = "", options: SendOptions = {}): void {
    this.send(`${text}\r`, options);
  }

  /**
   * Presses keys, in order: names (`"Down"`, `"F2"`, `"Esc"`), `Ctrl-` and `Alt-` with a key, single characters. The
   * options come last; `terminal` says whose keyboard it is, since firmware and Linux expect different bytes.
   *
   * @example vm.console().press("Down", "Down", "Enter");
   * @example vm.console().press("F10", "y", { terminal: "vt-utf8" });
   * @throws UsageError for a key that the terminal does not have, and the reason if the VM is gone
   */
  press(...keys: readonly [...Key[], Key | PressOptions]): void {
    const given: readonly (Key | PressOptions)[] = keys;
    const names = given.filter((key): key is Key => typeof key === "string");
    const options = given.find((key): key is PressOptions => typeof key === "object") ?? {};
    this.send(keyBytes(names, options, () => hasApplicationKeys(this.#state.source)));
  }

  /** What a terminal on this line shows, 80x25 by default: for menus and installers. See {@link Screen}. */
  screen(options: ScreenOptions = {}): Screen {
    return this.#screens.get(this, this.#state, options);
  }

  /** The last lines that are not blank, oldest first, escaped so that they are safe to show anywhere. */
  lastLines(count = 10): string[] {
    return lastLines(this.#state.source, count);
  }

  /** Readable text of bytes [start, end) of the record, by default all of it. Not escaped for showing. */
  text(range: { start?: number; end?: number } = {}): string {
    const { source } = this.#state;
    const end = Math.min(range.end ?? source.end, source.end);
    return readText(source, Math.min(range.start ?? 0, end), end);
  }

  /** Waits that were started and never awaited. */
  unawaited(): string[] {
    return this.#state.waits.unawaited();
  }
}
