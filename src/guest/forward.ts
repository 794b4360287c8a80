import { type ForwardAddress, Forwarder, type Listening } from "../host/forwarder.ts";
import { UsageError } from "../machine/errors.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { GuestChannel } from "./channel.ts";

/** A port of the guest's, on the host. */
export interface Forward extends Listening, Disposable {
  /** Ends its connections, too. Idempotent. */
  close(): void;
}

/** How long the guest may take to say whether anybody listens. */
const openMs = 30_000;

/** Every connection is asked of the channel there is by then: each boot of the guest has its own. */
export async function forwardPort(
  port: number,
  at: ForwardAddress,
  channel: () => Promise<GuestChannel>,
  record: (event: UntimedEvent) => void,
): Promise<Forward> {
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new UsageError(`forward: ${port} is no TCP port of the guest: write a number from 1 to 65535`);
  }
  const open = async () => {
    const given = await channel();
    if (!given.openPort) throw new UsageError(`the channel ${given.name} reaches no port of the guest's`);
    return await given.openPort(port, AbortSignal.timeout(openMs));
  };
  const forwarder = await Forwarder.open(at, open, (error) =>
    record({ kind: "note", text: `forward ${port}: ${error.message}` }),
  );
  const close = () => forwarder.close();
  return { ...forwarder.at, close, [Symbol.dispose]: close };
}
