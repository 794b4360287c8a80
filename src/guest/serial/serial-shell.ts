import type { GuestChannel } from "../channel.ts";
import { checkCommand, quote, titleOf } from "../command.ts";
import { type ExecOptions, ExecResult } from "../exec.ts";
import { readFile, writeFile } from "./files.ts";
import type { AgentLink } from "./link.ts";
import { runCommand } from "./run.ts";

const mostAtOnce = 20;

/** Commands and files over a line that has nothing but a shell at its other end. */
export class SerialShell implements GuestChannel {
  readonly name = "serial";
  /** As long as its line: each boot's agent is started when it is first needed. */
  readonly isOpen = true;
  readonly #link: AgentLink;
  readonly #freeSlots = Array.from({ length: mostAtOnce }, (_, n) => mostAtOnce - n);
  readonly #waitingForSlot: ((slot: number) => void)[] = [];
  #lastRun = 0;

  constructor(link: AgentLink) {
    this.#link = link;
  }

  /**
   * Runs a script, or a program with its arguments, in the guest. At most 20 run at once; others wait their turn.
   * @throws TimeoutError when its time is over; it and all it started in its process group are killed first
   */
  async exec(command: string | readonly string[], timeoutMs: number, options: ExecOptions = {}): Promise<ExecResult> {
    checkCommand(command, options);
    const script = scriptOf(command, options.env);
    const title = titleOf(command);
    const input = typeof options.input === "string" ? Buffer.from(options.input) : options.input;
    const { cwd, signal } = options;
    const start = performance.now();
    const outcome = await this.#inSlot((slot) =>
      runCommand(this.#link, slot, ++this.#lastRun, { ...{ title, script, input, cwd, timeoutMs, signal } }),
    );
    return new ExecResult({ ...outcome, command: title, durationMs: performance.now() - start });
  }

  /** Makes or replaces a file. @throws HostError with the guest's own reason if it cannot be written whole */
  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#inSlot((slot) => writeFile(this.#link, slot, path, bytes, signal));
  }

  /** @throws HostError with the guest's own reason if it cannot be read */
  read(path: string, signal: AbortSignal): Promise<Buffer> {
    return this.#inSlot((slot) => readFile(this.#link, slot, path, signal));
  }

  /** Nothing to do: the agent ends with its guest. */
  close(): void {}

  async #inSlot<T>(use: (slot: number) => Promise<T>): Promise<T> {
    const slot = await this.#takeSlot();
    try {
      return await use(slot);
    } finally {
      const next = this.#waitingForSlot.shift();
      if (next) next(slot);
      else this.#freeSlots.push(slot);
    }
  }

  #takeSlot(): Promise<number> {
    const free = this.#freeSlots.pop();
    return free === undefined ? new Promise((resolve) => this.#waitingForSlot.push(resolve)) : Promise.resolve(free);
  }
}

function scriptOf(command: string | readonly string[], env: ExecOptions["env"] = {}): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  // `exec`: a signal then kills the program itself, and no shell between.
  const text = typeof command === "string" ? command : `exec ${command.map(quote).join(" ")}`;
  return Buffer.from(`${variables.join("")}${text}\n`);
}
