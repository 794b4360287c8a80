import type { Terminal } from "../../host/pty.ts";
import { VmmError } from "../../machine/errors.ts";
import type { LogLine } from "./log.ts";

/** What its terminal shows when it waits for a command (openvmm_entry/src/repl.rs). */
const prompt = "openvmm> ";

/** Commands that change the VM's state, each with what the log says when that is done. */
const done = {
  resume: /^(resumed complete|already running)/,
  pause: /^(pause complete|already paused)/,
  reset: /^reset complete/,
} as const;
type Command = keyof typeof done;

/** The terminal on which OpenVMM is told what to do. It answers in its log. */
export class Repl {
  /** Resolves when it waits for its first command: its VM is there, and its consoles can be connected to. */
  readonly prompted: Promise<void>;
  private readonly terminal: Terminal;
  private readonly note: (line: string) => void;
  private running: { command: Command; resolve: () => void; reject: (error: Error) => void } | undefined;
  private queue: Promise<void> = Promise.resolve();
  private ended: Error | undefined;

  /** `note` records what is said. */
  constructor(terminal: Terminal, note: (line: string) => void) {
    this.terminal = terminal;
    this.note = note;
    this.prompted = new Promise((resolve) => {
      let shown = "";
      terminal.onText((text) => {
        shown = (shown + text).slice(-4096);
        if (shown.includes(prompt)) resolve();
      });
    });
  }

  /** Resolves when it is done. Rejects with VmmError if OpenVMM fails to, or ends. One at a time, in order. */
  async run(command: Command): Promise<void> {
    const mine = this.queue.then(() => this.runNow(command));
    this.queue = mine.catch(() => {});
    await mine;
  }

  /** Says something that has no answer. */
  say(line: string): void {
    this.note(line);
    // A terminal's line ends with a return.
    this.terminal.write(`${line}\r`);
  }

  take({ level, message, line }: LogLine): void {
    const { running } = this;
    if (!running) return;
    if (done[running.command].test(message)) this.finish(running.resolve);
    else if (level === "ERROR" && /^(reset failed|state change already|communication failure)/.test(message)) {
      this.finish(() => running.reject(new VmmError(`OpenVMM did not ${running.command}: ${line}`)));
    }
  }

  /** No command is answered any more. */
  close(why: Error): void {
    this.ended = why;
    const { running } = this;
    if (running) this.finish(() => running.reject(why));
  }

  private runNow(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.ended) return void reject(this.ended);
      this.running = { command, resolve, reject };
      this.say(command);
    });
  }

  private finish(settle: () => void): void {
    this.running = undefined;
    settle();
  }
}
