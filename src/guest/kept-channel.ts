import { sharedController } from "./any-signal.ts";
import type { GuestChannel } from "./channel.ts";
import type { GuestHost } from "./driver.ts";

/**
 * The channel of the boot under way: opened when it is first asked for, once the guest is ready; given up with the
 * guest, and opened anew when it was lost.
 */
export function keptChannel(
  open: (signal: AbortSignal) => Promise<GuestChannel>,
  host: Pick<GuestHost, "ready" | "onStop" | "onEnd">,
): () => Promise<GuestChannel> {
  let over = sharedController();
  let kept: Promise<GuestChannel> | undefined;
  const giveUp = (reason: Error) => {
    over.abort(reason);
    over = sharedController();
    kept?.then(
      (channel) => channel.close(),
      () => {},
    );
    kept = undefined;
  };
  host.onStop(giveUp);
  host.onEnd(() => giveUp(new Error("the VM was ended")));
  const start = () => {
    const { signal } = over;
    const opening = host.ready().then(async () => {
      signal.throwIfAborted();
      return await open(signal);
    });
    // Whoever asks next tries again.
    opening.catch(() => {
      if (kept === opening) kept = undefined;
    });
    return opening;
  };
  return async () => {
    const before = kept;
    const known = await before;
    if (known?.isOpen) return known;
    if (kept === before) kept = undefined;
    kept ??= start();
    return await kept;
  };
}
