import type { Client, ClientChannel } from "ssh2";
import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import type { ExecEnd } from "../exec.ts";
import { endOf } from "./program.ts";

/** A session, and how what runs in it ends. */
export interface SshSession {
  readonly stream: ClientChannel;
  readonly ended: Promise<ExecEnd>;
}

type Open = (done: (error: Error | undefined, stream: ClientChannel) => void) => void;

/**
 * Sessions of one connection, of which a server has a limit of its own that it tells by refusing (sshd's MaxSessions,
 * 10 unless set): one more than it takes waits for another to end. Once the limit is known, the last one is kept free
 * for what ends the others.
 */
export class SessionQueue {
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  #ended = 0;
  /** How many are opened that end by themselves. */
  #most = Number.POSITIVE_INFINITY;

  constructor(client: Client) {
    client.on("close", () => {
      this.#ended++;
      this.#next();
    });
  }

  /** @throws HostError if the server refuses, and none is open that could end */
  async open(title: string, ask: Open, isToEndAnother = false): Promise<SshSession> {
    while (true) {
      if (!isToEndAnother && this.#open >= this.#most) {
        await this.#turn();
        continue;
      }
      const endedBefore = this.#ended;
      this.#open++;
      const opened = await this.#ask(title, ask);
      if (!(opened instanceof Error)) return opened;
      this.#open--;
      const isFull = "reason" in opened;
      // One may have ended while the refusal was on its way.
      if (isFull && this.#ended > endedBefore) continue;
      if (!isFull || this.#open === 0) {
        this.#next();
        throw new HostError(`ssh: the guest opens no session: ${printable(opened.message)}`, { cause: opened });
      }
      this.#most = Math.min(this.#most, Math.max(1, this.#open - 1));
      await this.#turn();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #ask(title: string, ask: Open): Promise<SshSession | Error> {
    return new Promise((resolve) => {
      try {
        ask((error, stream) => {
          if (error) return resolve(error);
          // Here, and not when the promise is looked at: the end of a short command may be in the same segment.
          stream.on("close", () => {
            this.#open--;
            this.#ended++;
            this.#next();
          });
          const ended = endOf(stream, title);
          // Asked for by whoever has the session, if there is one.
          ended.catch(() => {});
          resolve({ stream, ended });
        });
      } catch (error) {
        // ssh2 throws where the connection is closed.
        resolve(error as Error);
      }
    });
  }

  #next(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}
