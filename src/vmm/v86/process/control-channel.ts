import type { Socket } from "node:net";

/** One command of the harness. */
export interface Command {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** QMP's framing: one JSON object a line, a greeting first, `return` or `error` for each command, events between. */
export class ControlChannel {
  readonly #socket: Socket;

  constructor(socket: Socket, greeting: object) {
    this.#socket = socket;
    this.#write({ QMP: greeting });
  }

  event(name: string, data: object): void {
    const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
    const timestamp = { seconds: Math.floor(microseconds / 1e6), microseconds: microseconds % 1e6 };
    this.#write({ event: name, data, timestamp });
  }

  /** Answers commands one after the other, in order; resolves when the harness has closed the channel. */
  async serve(answer: (command: Command) => Promise<unknown>): Promise<void> {
    let rest = "";
    this.#socket.setEncoding("utf8");
    for await (const chunk of this.#socket) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") await this.#reply(line, answer);
    }
  }

  async #reply(line: string, answer: (command: Command) => Promise<unknown>): Promise<void> {
    let id: { id?: unknown } = {};
    try {
      const message: unknown = JSON.parse(line);
      if (typeof message !== "object" || message === null) throw new Error("a command is a JSON object");
      if ("id" in message) id = { id: message.id };
      if (!("execute" in message) || typeof message.execute !== "string") throw new Error("a command has an `execute`");
      const given = "arguments" in message ? (message.arguments as Record<string, unknown>) : {};
      this.#write({ return: (await answer({ execute: message.execute, arguments: given })) ?? {}, ...id });
    } catch (error) {
      const desc = error instanceof Error ? error.message : String(error);
      this.#write({ error: { class: "GenericError", desc }, ...id });
    }
  }

  /** Resolves when all that was written is in the kernel's hands. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.#socket.write("", () => resolve()));
  }

  #write(message: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\r\n`);
  }
}
