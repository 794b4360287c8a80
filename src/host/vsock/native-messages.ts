/** What the thread for AF_VSOCK is told. Descriptors are numbers: threads of one process share them. */
export type ToNative =
  | { readonly op: "connect" | "listen"; readonly id: number; readonly fd: number }
  /** Stops waiting for it; the thread closes the descriptor. */
  | { readonly op: "forget"; readonly id: number }
  | { readonly op: "close" };

export type FromNative =
  /** A connect(2) that went on in the background is over; 0 if it was made. */
  | { readonly is: "connected"; readonly id: number; readonly fd: number; readonly errno: number }
  | { readonly is: "accepted"; readonly id: number; readonly fd: number; readonly cid: number }
  | { readonly is: "fault"; readonly id: number; readonly errno: number };
