import type { Socket } from "node:net";
import type { LineName } from "./argv.ts";
import type { GuestInput } from "./guest-input.ts";

/** Unsent output above which the guest waits for the harness. */
const OUTPUT_LIMIT = 1024 * 1024;
/** Unread input above which the harness waits for the guest. */
const INPUT_LIMIT = 64 * 1024;
/** What a serial line carries in one slice of a millisecond: half a megabaud, which a guest's driver still keeps up with. */
const SERIAL_PER_SLICE = 64;

export interface ConsoleListener {
  /** The harness reads too slowly; `drained` follows. */
  full(line: ConsoleLine): void;
  drained(line: ConsoleLine): void;
  inputArrived(line: ConsoleLine): void;
  broken(line: ConsoleLine, reason: string): void;
}

/** One console: every byte the guest prints goes to the harness's socket, every byte from there to the guest, in order. */
export class ConsoleLine {
  readonly name: LineName;
  readonly #socket: Socket;
  readonly #listener: ConsoleListener;
  #output = Buffer.allocUnsafe(4096);
  #outputLength = 0;
  #input: Buffer[] = [];
  #inputLength = 0;
  readonly #perSlice: number;
  #allowance: number;
  #isFull = false;
  #isBroken = false;

  constructor(name: LineName, socket: Socket, listener: ConsoleListener) {
    this.name = name;
    // A virtio-console needs no pace: the guest posts buffers for as much as it can take.
    this.#perSlice = name === "virtio-console" ? Number.POSITIVE_INFINITY : SERIAL_PER_SLICE;
    this.#allowance = this.#perSlice;
    this.#socket = socket;
    this.#listener = listener;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("end", () => this.#break("the harness closed its end"));
    socket.on("error", (error) => this.#break(error.message));
  }

  /** Takes output of the guest; `flush` sends it. */
  print(bytes: number | Uint8Array): void {
    if (typeof bytes !== "number") {
      this.flush();
      this.#send(Buffer.from(bytes));
      return;
    }
    if (this.#outputLength === this.#output.length) this.flush();
    this.#output[this.#outputLength++] = bytes;
  }

  /** Hands what was printed to the socket. */
  flush(): void {
    if (this.#outputLength === 0) return;
    this.#send(Buffer.from(this.#output.subarray(0, this.#outputLength)));
    this.#outputLength = 0;
  }

  #send(bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes);
    if (this.#isFull || this.#socket.writableLength <= OUTPUT_LIMIT) return;
    this.#isFull = true;
    this.#listener.full(this);
    this.#socket.once("drain", () => {
      this.#isFull = false;
      this.#listener.drained(this);
    });
  }

  /** Resolves when all output is in the kernel's hands; undefined if it is already, so that nothing need wait. */
  flushed(): Promise<void> | undefined {
    this.flush();
    if (this.#socket.writableLength === 0 || this.#socket.destroyed) return undefined;
    return new Promise((resolve) => {
      this.#socket.once("close", resolve);
      this.#socket.write("", () => resolve());
    });
  }

  /** A new slice: the line may carry its share again. */
  refill(): void {
    this.#allowance = this.#perSlice;
  }

  /** Gives waiting input to the guest, as far as it has room. */
  feed(guest: GuestInput): void {
    while (this.#allowance > 0) {
      const first = this.#input[0];
      if (!first) return;
      const taken = guest(first.subarray(0, this.#allowance));
      if (taken === 0) return;
      this.#allowance -= taken;
      this.#inputLength -= taken;
      if (taken < first.length) this.#input[0] = first.subarray(taken);
      else this.#input.shift();
      if (this.#socket.isPaused() && this.#inputLength < INPUT_LIMIT / 2) this.#socket.resume();
    }
  }

  #received(bytes: Buffer): void {
    this.#input.push(bytes);
    this.#inputLength += bytes.length;
    if (this.#inputLength >= INPUT_LIMIT) this.#socket.pause();
    this.#listener.inputArrived(this);
  }

  #break(reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#listener.broken(this, reason);
  }
}
