import type { Socket } from "node:net";

/** After so many small reads in a row the guest is printing at length, and nobody needs each byte by itself. */
const patience = 32;
const smallBytes = 256;
/** A guest that is silent for longer has come to an end. */
const pauseMs = 10;
/** How long a stream of small reads is left to gather, at first and once it has proven to be long. */
const gatherMs = 1;
const longStreak = 128;
const longGatherMs = 4;

/**
 * Reads a console's pipe. QEMU's UARTs send every byte by itself (hw/char/serial.c, serial_xmit): read one by one,
 * a guest that prints at length would cost the host more than the guest itself. A stream of such reads is gathered for
 * a few milliseconds at a time; the first bytes, and short answers, are read at once.
 */
export class PacedReading {
  readonly socket: Socket;
  readonly #onBytes: (bytes: Buffer) => void;
  #streak = 0;
  #last = 0;
  #gathering: NodeJS.Timeout | undefined;

  /** `open` gives a socket that hands bytes over as they are read, and reads none while it is paused. */
  constructor(open: (onBytes: (bytes: Buffer) => void) => Socket, onBytes: (bytes: Buffer) => void) {
    this.#onBytes = onBytes;
    this.socket = open((bytes) => this.#read(bytes));
    this.socket.on("close", () => clearTimeout(this.#gathering));
  }

  /** What the pipe holds by now is read within a turn of the event loop. */
  catchUp(): void {
    if (this.#gathering === undefined) return;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.socket.resume();
  }

  #read(bytes: Buffer): void {
    this.#onBytes(bytes);
    const now = performance.now();
    this.#streak = bytes.length < smallBytes && now - this.#last < pauseMs ? this.#streak + 1 : 0;
    this.#last = now;
    if (this.#streak <= patience || this.#gathering !== undefined) return;
    this.socket.pause();
    this.#gathering = setTimeout(() => this.catchUp(), this.#streak > longStreak ? longGatherMs : gatherMs);
  }
}
