/** Why a connection could not be had, or ended, in the terms of errno. */
export type VsockCode = "ECONNREFUSED" | "ECONNRESET" | "ETIMEDOUT";

/** What the device's thread is told. Descriptors are numbers: threads of one process share them. */
export type ToDevice =
  /** Connects to a port of the guest; `fd` is the far end of a stream, the thread's from now on. */
  | { readonly op: "connect"; readonly id: number; readonly port: number; readonly fd: number }
  /** Nobody waits for this connection any more. */
  | { readonly op: "forget"; readonly id: number }
  | { readonly op: "listen" | "unlisten"; readonly port: number }
  /** The guest's memory starts from nothing: its end of every stream is gone. */
  | { readonly op: "reset"; readonly why: string }
  | { readonly op: "close" };

export type FromDevice =
  | { readonly is: "listening" }
  /** The port is listened on from now on: what the guest asked before was refused. */
  | { readonly is: "listens"; readonly port: number }
  | { readonly is: "connected"; readonly id: number }
  | { readonly is: "refused"; readonly id: number; readonly code: VsockCode; readonly why: string }
  /** The guest connected to a port; `fd` is our end of the stream. */
  | {
      readonly is: "accepted";
      readonly id: number;
      readonly port: number;
      readonly guestPort: number;
      readonly fd: number;
    }
  /** The stream ended before both sides had closed it. The thread keeps its end until it is told to forget. */
  | { readonly is: "reset"; readonly id: number; readonly why: string }
  /** Whether the guest's driver runs its rings. */
  | { readonly is: "driver"; readonly runs: boolean }
  | { readonly is: "bad-guest"; readonly why: string }
  /** The device cannot go on. The thread keeps its ends of all streams until it is told to close. */
  | { readonly is: "fault"; readonly why: string };

export interface DevicePlan {
  /** Where the VMM will connect. */
  readonly path: string;
  readonly cid: number;
  /** A connection to a port that nobody of ours listens on goes to the Unix socket `PATH_PORT`, if there is one. */
  readonly forward?: string | undefined;
}

export interface DeviceThreadData extends DevicePlan {
  /** An eventfd that is signalled when a message was posted. */
  readonly wakeFd: number;
}
