import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { HostError, TimeoutError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { showDuration } from "../../power/wait.ts";
import { encodeFrame, type Frame, FrameReader, frameType, helloText, mostStreams, nonceBytes } from "./protocol.ts";
import { AgentStream, type StreamOpening } from "./stream.ts";

/** A port keeps what an agent that is not there yet has not read: the greeting is said again until it is answered. */
const greetAgainMs = 1_000;

export interface SessionOptions {
  /** For messages: `vsock port 7007`. */
  readonly where: string;
  /** How long the agent may take to answer. */
  readonly timeoutMs: number;
  /** Ends the session with its reason. */
  readonly signal: AbortSignal;
}

/** A conversation with petri-agent over any byte stream: many streams side by side, each with its own flow control. */
export class AgentSession {
  readonly #transport: Duplex;
  readonly #reader: FrameReader;
  readonly #streams = new Map<number, AgentStream>();
  readonly #free = Array.from({ length: mostStreams }, (_, n) => mostStreams - 1 - n);
  readonly #waiting: (() => void)[] = [];
  readonly #options: SessionOptions;
  #over: Error | undefined;
  #greeted: () => void = () => {};
  #failed: (reason: Error) => void = () => {};

  private constructor(transport: Duplex, nonce: Buffer, options: SessionOptions) {
    this.#transport = transport;
    this.#reader = new FrameReader(nonce);
    this.#options = options;
  }

  /**
   * Greets the agent at the other end; the session then owns the transport.
   * @throws TimeoutError if nobody answers, HostError if the transport ends
   */
  static async open(transport: Duplex, options: SessionOptions): Promise<AgentSession> {
    const nonce = randomBytes(nonceBytes);
    const session = new AgentSession(transport, nonce, options);
    const { where, timeoutMs, signal } = options;
    const hello = Buffer.concat([Buffer.from(helloText), nonce]);
    const greet = () => void (session.isOpen && transport.write(hello));
    const again = setInterval(greet, greetAgainMs);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        session.#greeted = resolve;
        session.#failed = reject;
        timer = setTimeout(() => session.end(silent(where, timeoutMs)), timeoutMs);
        session.#listen(signal);
        greet();
      });
      return session;
    } finally {
      clearInterval(again);
      clearTimeout(timer);
    }
  }

  /** False once nothing can be asked of it any more. */
  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** Opens a stream as soon as fewer than 64 are open. Resolves when the agent has; rejects with AgentRefusal. */
  async openStream(opening: StreamOpening): Promise<AgentStream> {
    while (this.#free.length === 0 && this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#over) throw this.#over;
    // Those that are free were just counted.
    const id = this.#free.pop() as number;
    const stream = new AgentStream(opening, (type, part, payload) => this.#send({ type, part, stream: id, payload }));
    this.#streams.set(id, stream);
    return await stream.open();
  }

  /** Ends it, and all that it carries, with this reason. Idempotent. */
  end(reason: Error): void {
    if (this.#over) return;
    this.#over = reason;
    this.#transport.destroy();
    for (const stream of this.#streams.values()) stream.lost(reason);
    this.#streams.clear();
    for (const next of this.#waiting.splice(0)) next();
    this.#failed(reason);
  }

  #listen(signal: AbortSignal): void {
    const { where } = this.#options;
    const abort = () => this.end(signal.reason);
    signal.addEventListener("abort", abort);
    this.#transport.once("close", () => signal.removeEventListener("abort", abort));
    if (signal.aborted) return abort();
    this.#transport.on("data", (chunk: Buffer) => this.#receive(chunk));
    const gone = (why: string) => this.end(new HostError(`petri-agent on ${where} is gone: ${why}`));
    this.#transport.once("error", (error: Error) => gone(error.message));
    this.#transport.once("end", () => gone("it ended the connection"));
    this.#transport.once("close", () => gone("the connection was closed"));
  }

  #receive(chunk: Buffer): void {
    try {
      const frames = this.#reader.push(chunk);
      if (this.#reader.isGreeted) this.#greeted();
      for (const frame of frames) this.#deliver(frame);
    } catch (error) {
      // A guest says what it likes.
      this.end(new HostError(`petri-agent on ${this.#options.where}: ${printable((error as Error).message)}`));
    }
  }

  #deliver(frame: Frame): void {
    const { type, stream } = frame;
    const isLast = type === frameType.exit || type === frameType.failed;
    const known = this.#streams.get(stream);
    if (isLast && this.#streams.delete(stream)) {
      this.#free.push(stream);
      this.#waiting.shift()?.();
    }
    known?.receive(frame);
  }

  #send(frame: Frame): void {
    if (this.isOpen) this.#transport.write(encodeFrame(frame));
  }
}

function silent(where: string, ms: number): TimeoutError {
  return new TimeoutError(
    `petri-agent on ${where} did not answer within ${showDuration(ms)}\n  start it in the guest: petri-agent serve`,
  );
}
