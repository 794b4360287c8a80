import type { Cursor } from "../console/console.ts";
import type { GuestHost } from "./driver.ts";

/**
 * Waits for the guest to be ready; the cursor it gives starts behind that, or where `begin` leaves off, which is called
 * once a boot; it goes on until the guest boots again. A guest that hibernated goes on where it was, and is ready
 * without a word: `hasHibernated` is asked once a boot.
 */
export function bootCursor(
  host: GuestHost,
  begin?: () => Promise<Cursor>,
  hasHibernated: () => boolean = () => false,
): () => Promise<Cursor> {
  let boot: number | undefined;
  let resumedBoot: number | undefined;
  let cursor = host.console.cursor("now");
  return async () => {
    const now = host.bootOffset();
    if (boot !== undefined && boot !== now && hasHibernated()) {
      cursor = host.console.cursor(now);
      boot = now;
      resumedBoot = now;
    }
    if (resumedBoot === now) return cursor;
    const from = await host.ready();
    const current = host.bootOffset();
    if (boot !== current) {
      cursor = begin ? await begin() : host.console.cursor(from);
      boot = current;
    }
    return cursor;
  };
}
