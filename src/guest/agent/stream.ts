import { VmmError } from "../../machine/errors.ts";
import { type Frame, type FrameType, frameType, mostDataBytes, type StreamKind, u32, windowBytes } from "./protocol.ts";

export interface StreamOpening {
  readonly kind: StreamKind;
  readonly payload: Buffer;
  /** Told of what comes. What it takes is given back by `takes`. */
  readonly sink: StreamSink;
}

/** Who hears of one stream. After `exit` or `lost` nothing more comes. */
export interface StreamSink {
  data(part: number, bytes: Buffer): void;
  /** That part has ended; a file tells its checksum. */
  end(part: number, payload: Buffer): void;
  /** A program has ended; it may still have output to read. */
  died?(code: number, signal: number): void;
  exit(code: number, signal: number): void;
  /** The session is gone. */
  lost(reason: Error): void;
}

/** What the agent could not begin: how far it got (`stage` of the protocol), and Linux's errno. */
export class AgentRefusal extends Error {
  override readonly name = "AgentRefusal";
  readonly stage: number;
  readonly errno: number;

  constructor(at: number, errno: number) {
    super(`the agent refused it at stage ${at}: errno ${errno}`);
    this.stage = at;
    this.errno = errno;
  }
}

type Send = (type: FrameType, part: number, payload: Buffer) => void;
const nothing = Buffer.alloc(0);

/** One stream of a session, seen from the host. */
export class AgentStream {
  readonly #opening: StreamOpening;
  readonly #send: Send;
  #credit = windowBytes;
  readonly #pending: { bytes: Buffer; readonly done: (error?: Error) => void }[] = [];
  #ending: Buffer | undefined;
  #hasEnded = false;
  #over: Error | true | undefined;
  #opened: (stream: AgentStream) => void = () => {};
  #refused: (reason: Error) => void = () => {};

  constructor(opening: StreamOpening, send: Send) {
    this.#opening = opening;
    this.#send = send;
  }

  open(): Promise<AgentStream> {
    return new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#refused = reject;
      this.#send(frameType.open, this.#opening.kind, this.#opening.payload);
    });
  }

  /** Sends it as the guest takes it; `done` is called when all of it is on its way, or never will be. */
  write(bytes: Buffer, done: (error?: Error) => void): void {
    if (this.#over) return done(this.#over === true ? undefined : this.#over);
    this.#pending.push({ bytes, done });
    this.#pump();
  }

  /** No more will be written, once what was is on its way. */
  end(payload: Buffer = nothing): void {
    this.#ending ??= payload;
    this.#pump();
  }

  /** Lets the guest send so many more bytes of that part. */
  takes(part: number, bytes: number): void {
    if (!this.#over) this.#send(frameType.credit, part, u32(bytes));
  }

  /** To the process group. */
  signal(number: number): void {
    if (!this.#over) this.#send(frameType.signal, number, nothing);
  }

  resize(size: Buffer): void {
    if (!this.#over) this.#send(frameType.resize, 0, size);
  }

  /** Gives it up: its processes are killed, an unfinished file is removed. `exit` follows. */
  close(): void {
    if (!this.#over) this.#send(frameType.close, 0, nothing);
  }

  receive({ type, part, payload }: Frame): void {
    const { sink } = this.#opening;
    switch (type) {
      case frameType.opened:
        return this.#opened(this);
      case frameType.failed:
        this.#finish(true);
        return this.#refused(new AgentRefusal(part, number(payload, 0)));
      case frameType.data:
        return sink.data(part, payload);
      case frameType.end:
        return sink.end(part, payload);
      case frameType.credit:
        this.#credit += number(payload, 0);
        return this.#pump();
      case frameType.ended:
        return sink.died?.(number(payload, 0), number(payload, 4));
      case frameType.exit:
        this.#finish(true);
        return sink.exit(number(payload, 0), number(payload, 4));
    }
  }

  lost(reason: Error): void {
    this.#finish(reason);
    this.#refused(reason);
    this.#opening.sink.lost(reason);
  }

  #finish(why: Error | true): void {
    this.#over = why;
    for (const { done } of this.#pending.splice(0)) done(why === true ? undefined : why);
  }

  #pump(): void {
    for (let first = this.#pending[0]; first && this.#credit > 0; first = this.#pending[0]) {
      const piece = first.bytes.subarray(0, Math.min(mostDataBytes, this.#credit));
      if (piece.length > 0) this.#send(frameType.data, 0, piece);
      this.#credit -= piece.length;
      first.bytes = first.bytes.subarray(piece.length);
      if (first.bytes.length > 0) continue;
      this.#pending.shift();
      first.done();
    }
    if (this.#ending === undefined || this.#hasEnded || this.#pending.length > 0 || this.#over) return;
    this.#hasEnded = true;
    this.#send(frameType.end, 0, this.#ending);
  }
}

function number(payload: Buffer, at: number): number {
  if (payload.length < at + 4) throw new VmmError(`petri-agent's answer ends after ${payload.length} bytes`);
  return payload.readUInt32LE(at);
}
