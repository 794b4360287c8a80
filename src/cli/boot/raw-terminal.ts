import { TerminalFilter } from "./terminal-filter.ts";

/** How long a terminal may take to answer what the guest asked it, before it is given back. */
const longestAnswerMs = 250;
/** "Report status" and its answer (ECMA-48 §8.3.35): terminals answer in order, so what was asked before came before. */
const askStatus = "\x1b[5n";
const isWell = Buffer.from("\x1b[0n");

/**
 * The user's terminal in raw mode, both ways. Given back as it was by `close()`, or at the latest when the process
 * exits.
 */
export class RawTerminal {
  readonly #filter = new TerminalFilter();
  readonly #listener: (bytes: Buffer) => void;
  readonly #giveBack = () => this.#restore();
  #isOpen = true;
  #endsLine = true;

  /** `onKeys` gets what is typed, `onHangup` is called when the terminal goes away. */
  constructor(onKeys: (bytes: Buffer) => void, onHangup: () => void) {
    this.#listener = onKeys;
    process.on("exit", this.#giveBack);
    process.stdin.setRawMode(true);
    process.stdin.on("data", onKeys).once("end", onHangup).once("error", onHangup);
    process.stdin.resume();
  }

  show(bytes: Buffer): void {
    const shown = this.#filter.push(bytes);
    if (shown.length === 0) return;
    this.#endsLine = shown.at(-1) === 0x0a;
    process.stdout.write(shown);
  }

  /** A line of ours between the guest's. */
  say(line: string): void {
    process.stderr.write(`${this.#endsLine ? "" : "\n"}[petri: ${line}]\n`);
    this.#endsLine = true;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    if (this.#filter.takeAsked()) await this.#awaitAnswers();
    this.#restore();
  }

  /** The answers to what the guest asked would else be typed into the user's shell. */
  #awaitAnswers(): Promise<void> {
    process.stdin.off("data", this.#listener);
    return new Promise((resolve) => {
      let seen = Buffer.alloc(0);
      const settle = () => {
        clearTimeout(deadline);
        process.stdin.off("data", look);
        resolve();
      };
      const look = (bytes: Buffer) => {
        seen = Buffer.concat([seen.subarray(-8), bytes]);
        if (seen.includes(isWell)) settle();
      };
      const deadline = setTimeout(settle, longestAnswerMs);
      process.stdin.on("data", look);
      process.stdout.write(askStatus);
    });
  }

  #restore(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off("exit", this.#giveBack);
    process.stdin.off("data", this.#listener);
    process.stdin.pause();
    if (!process.stdin.destroyed) process.stdin.setRawMode(false);
    process.stdout.write(`${this.#filter.restore()}${this.#endsLine ? "" : "\n"}`);
  }
}
