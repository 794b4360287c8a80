/** What the escape key's commands do. */
export interface AttachActions {
  quit(): void;
  reset(): void;
  togglePause(): void;
  /** What is typed, for the guest. */
  type(bytes: Buffer): void;
  /** Says something to the person at the terminal, on a line of its own. */
  say(line: string): void;
}

/** Ctrl-]: the escape character of telnet(1) and virsh(1), which no guest's shell uses. */
const escapeKey = 0x1d;

export const attachHint = "the console is yours; Ctrl-] then ? lists what else there is, Ctrl-] then q quits";
const help = "Ctrl-] then: q quits, r resets, p pauses or resumes, Ctrl-] types itself, ? shows this";

/** Takes the escape key's commands out of what is typed. Keys may come in any pieces. */
export class EscapeKeys {
  readonly #actions: AttachActions;
  #isCommand = false;

  constructor(actions: AttachActions) {
    this.#actions = actions;
  }

  push(bytes: Buffer): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      const key = bytes[at] ?? 0;
      if (this.#isCommand) {
        this.#isCommand = false;
        this.#command(key);
        from = at + 1;
      } else if (key === escapeKey) {
        this.#type(bytes.subarray(from, at));
        this.#isCommand = true;
        from = at + 1;
      }
    }
    this.#type(bytes.subarray(from));
  }

  #type(bytes: Buffer): void {
    if (bytes.length > 0) this.#actions.type(bytes);
  }

  #command(key: number): void {
    switch (String.fromCharCode(key).toLowerCase()) {
      case "q":
        return this.#actions.quit();
      case "r":
        return this.#actions.reset();
      case "p":
        return this.#actions.togglePause();
      case "\x1d":
        return this.#type(Buffer.of(escapeKey));
      default:
        return this.#actions.say(help);
    }
  }
}
