import { BadGuest } from "./bad-guest.ts";
import type { VsockDevice } from "./device.ts";
import { clearEvent, POLLIN } from "./libc.ts";
import type { PollSet } from "./poll-set.ts";
import type { Ring } from "./ring.ts";

/** Adds all that the device waits for: its guest's kicks, and its streams as far as they can go on. */
export function addDevice(polled: PollSet, device: VsockDevice): void {
  guarded(device, () => {
    for (const ring of [device.toGuest, device.fromGuest]) addKick(polled, ring);
    const hasRoom = device.guestHasRoom;
    for (const stream of device.streams.values()) {
      const events = stream.interest(hasRoom);
      if (events !== undefined) polled.add(stream.fd, events, (ready) => device.polled(stream, ready));
    }
    return false;
  });
}

/** Does what there is to do. True if there is more to do at once. */
export function workDevice(device: VsockDevice): boolean {
  return guarded(device, () => device.work());
}

function addKick(polled: PollSet, ring: Ring): void {
  const { kickFd } = ring;
  // The VMM may have taken it back in the meantime.
  if (kickFd >= 0) polled.add(kickFd, POLLIN, () => void (ring.kickFd === kickFd && clearEvent(kickFd)));
}

function guarded(device: VsockDevice, work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BadGuest)) throw error;
    device.breakOff(error);
    return false;
  }
}
