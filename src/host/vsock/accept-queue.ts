import type { Duplex } from "node:stream";
import type { VsockListener } from "./vsock.ts";

/** Connections kept for somebody who has not asked yet; more would let a guest fill our memory. */
const mostWaiting = 128;

interface Waiter {
  readonly resolve: (stream: Duplex) => void;
  readonly reject: (reason: unknown) => void;
}

/** What came and what is waited for, on one port. */
export class AcceptQueue implements VsockListener {
  readonly port: number;
  private readonly onClose: () => Promise<void> | void;
  private readonly arrived: Duplex[] = [];
  private readonly waiters = new Set<Waiter>();
  private over: Error | undefined;

  constructor(port: number, onClose: () => Promise<void> | void) {
    this.port = port;
    this.onClose = onClose;
  }

  /** A connection has come. */
  offer(stream: Duplex): void {
    const [waiter] = this.waiters;
    if (waiter) return waiter.resolve(stream);
    if (this.over || this.arrived.length >= mostWaiting) return void stream.destroy();
    this.arrived.push(stream);
  }

  accept({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Duplex> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error); // an AbortSignal's reason is what its owner gave
    const first = this.arrived.shift();
    if (first) return Promise.resolve(first);
    if (this.over) return Promise.reject(this.over);
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.waiters.delete(waiter);
        signal?.removeEventListener("abort", abort);
      };
      const abort = () => waiter.reject(signal?.reason);
      const waiter: Waiter = {
        resolve: (stream) => {
          settle();
          resolve(stream);
        },
        reject: (reason) => {
          settle();
          reject(reason);
        },
      };
      this.waiters.add(waiter);
      signal?.addEventListener("abort", abort);
    });
  }

  /** Nothing more can come. */
  end(reason: Error): void {
    this.over ??= reason;
    for (const stream of this.arrived.splice(0)) stream.destroy();
    for (const waiter of this.waiters) waiter.reject(reason);
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.end(new Error(`the listener on vsock port ${this.port} was closed`));
    await this.onClose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
