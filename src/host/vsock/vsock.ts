import type { Duplex } from "node:stream";
import type { VsockCode } from "./thread-messages.ts";

/** How the bytes get to the guest: a device of Petri's own, the kernel's, or a Unix socket that the VMM serves. */
export type VsockTransport = "vhost-user" | "vhost" | "hybrid";

/** Where a VM's vsock is, as its plan says. */
export type VsockPlan =
  /** QEMU connects to a socket at `path`, and Petri is the device behind it. The guest also reaches `FORWARD_PORT`. */
  | { readonly transport: "vhost-user"; readonly cid: number; readonly path: string; readonly forward?: string }
  /** The kernel's device; the host connects by AF_VSOCK. */
  | { readonly transport: "vhost"; readonly cid: number }
  /** The VMM listens at `path` for `CONNECT PORT`, and connects to `PATH_PORT` for the guest. */
  | { readonly transport: "hybrid"; readonly path: string };

export interface ConnectOptions {
  /** How long the guest may take to answer, from a driver that is not there yet on. Milliseconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Connections from the guest to one port of the host. */
export interface VsockListener extends AsyncDisposable {
  readonly port: number;
  /** The next one; those that came before anybody asked are kept, 128 at most, and later ones closed at once. */
  accept(options?: { readonly signal?: AbortSignal }): Promise<Duplex>;
  /** Takes no more connections; those that were not accepted are closed. Idempotent. */
  close(): Promise<void>;
}

/** Streams between the host and one guest. */
export interface VsockChannel {
  readonly transport: VsockTransport;
  /** Rejects with VsockError if the guest refuses, resets or does not answer, with HostError if our side fails. */
  connect(port: number, options?: ConnectOptions): Promise<Duplex>;
  /** Rejects with UsageError if this VM's port is listened on already. */
  listen(port: number): Promise<VsockListener>;
  /** The guest starts from nothing: its end of every stream is gone. */
  reset(why: string): void;
  /** Ends every stream and listener. Idempotent. */
  close(): Promise<void>;
}

/** A connection was refused, or ended before both sides had closed it: the guest's doing, or its end. */
export class VsockError extends Error {
  override readonly name = "VsockError";
  readonly code: VsockCode;
  readonly port: number;

  constructor(code: VsockCode, port: number, why: string) {
    const what = code === "ECONNREFUSED" ? "refused" : code === "ECONNRESET" ? "reset" : "not answered";
    super(`vsock port ${port}: the connection was ${what}: ${why}`);
    this.code = code;
    this.port = port;
  }
}

/** How long a guest may take to answer when nobody says otherwise. */
export const defaultConnectMs = 10_000;
