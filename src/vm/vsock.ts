import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import { type VsockChannel, VsockError, type VsockListener, type VsockTransport } from "../host/vsock/vsock.ts";
import { UsageError } from "../machine/errors.ts";
import { timeoutMs, type Wait, type Waits } from "../power/wait.ts";
import type { UntimedEvent } from "../trace/event.ts";

export interface VsockWait {
  /** How long it may take, from a guest that is still booting on. Milliseconds, or `"5s"`; the VM's own if absent. */
  readonly timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Connections from the guest to one port of its host. */
export interface GuestListener extends AsyncDisposable {
  readonly port: number;
  /** The next connection. Those that come before anybody asks are kept: 128 of them. */
  accept(options?: VsockWait): Wait<Duplex>;
  /** Takes no more connections. Idempotent. */
  close(): Promise<void>;
}

export interface VsockParts {
  readonly channel: VsockChannel | undefined;
  readonly waits: Waits;
  readonly defaultTimeoutMs: () => number;
  readonly note: (event: UntimedEvent) => void;
}

/**
 * Streams between a test and its guest that need no network. A stream ends with ECONNRESET when the guest starts anew;
 * its errors end no process when nobody listens for them.
 */
export class Vsock {
  private readonly parts: VsockParts;
  private gone = endless();

  constructor(parts: VsockParts) {
    this.parts = parts;
  }

  get transport(): VsockTransport {
    return this.channel().transport;
  }

  /**
   * A stream to whoever listens on that port in the guest (AF_VSOCK). Rejects with VsockError: ECONNREFUSED if nobody
   * does, ECONNRESET if the guest started anew meanwhile, ETIMEDOUT if it has no driver or is busy; with what ended the
   * VM; throws UsageError for a machine without vsock.
   *
   * @example
   * const stream = await vm.vsock.connect(5000);
   */
  connect(port: number, options: VsockWait = {}): Wait<Duplex> {
    const channel = this.channel();
    checkPort(port);
    return this.wait(`vsock.connect(${port})`, options, async (limitMs, signal) => {
      try {
        const stream = await channel.connect(port, { timeoutMs: limitMs, signal });
        this.note(`connected to port ${port}`);
        return stream;
      } catch (error) {
        if (error instanceof VsockError) this.note(error.message);
        throw error;
      }
    });
  }

  /** Listens on a port of the host, which the guest knows as CID 2. Rejects with UsageError if it is listened on already. */
  async listen(port: number): Promise<GuestListener> {
    const channel = this.channel();
    checkPort(port);
    const listener = await channel.listen(port);
    this.note(`listening on port ${port}`);
    return {
      port,
      accept: (options = {}) =>
        this.wait(`vsock.listen(${port}).accept()`, options, (limitMs, signal) =>
          this.accept(listener, limitMs, signal),
        ),
      close: () => listener.close(),
      [Symbol.asyncDispose]: () => listener.close(),
    };
  }

  /** The guest is gone, or its memory: streams end, and whoever waits is told why. */
  end(reason: Error): void {
    this.parts.channel?.reset(reason.message.split("\n")[0] ?? "");
    this.gone.abort(reason);
  }

  /** The guest starts anew. */
  restarted(): void {
    this.parts.channel?.reset("the guest was reset");
    if (this.gone.signal.aborted) this.gone = endless();
  }

  private async accept(listener: VsockListener, limitMs: number, signal: AbortSignal): Promise<Duplex> {
    const late = new VsockError("ETIMEDOUT", listener.port, `the guest did not connect within ${limitMs / 1000} s`);
    const timer = new AbortController();
    const timeout = limitMs < 2 ** 31 ? setTimeout(() => timer.abort(late), limitMs) : undefined;
    try {
      const stream = await listener.accept({ signal: AbortSignal.any([signal, timer.signal]) });
      this.note(`the guest connected to port ${listener.port}`);
      return stream;
    } finally {
      clearTimeout(timeout);
    }
  }

  private wait(
    title: string,
    { timeout, signal }: VsockWait,
    ask: (limitMs: number, signal: AbortSignal) => Promise<Duplex>,
  ): Wait<Duplex> {
    const limitMs = timeoutMs(timeout, this.parts.defaultTimeoutMs);
    const either = signal ? AbortSignal.any([signal, this.gone.signal]) : this.gone.signal;
    return this.parts.waits.start<Duplex>(title, (resolve, reject) => {
      ask(limitMs, either).then(resolve, reject);
    });
  }

  private channel(): VsockChannel {
    if (this.parts.channel) return this.parts.channel;
    throw new UsageError("the machine has no vsock: write vsock: true");
  }

  private note(text: string): void {
    this.parts.note({ kind: "note", text: `vsock: ${text}` });
  }
}

/** Any number of waits may hang on it. */
function endless(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port < 2 ** 32 - 1) return;
  throw new UsageError(`${port} is no vsock port: write a number from 0 to 4294967294`);
}
