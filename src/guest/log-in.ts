import type { Cursor } from "../console/console.ts";
import type { UserImage } from "../machine/user-image.ts";
import type { GuestHost } from "./driver.ts";

/** Who logs in on the console. */
export type Login = NonNullable<UserImage["login"]>;

/**
 * Logs in at this boot's prompts, getty's `NAME login: ` (agetty(8), LOGIN_PROMPT of login.defs) and login(1)'s
 * `Password: `, which the guest's ready pattern may be one of. Resolves to the cursor behind them.
 */
export async function logIn(host: GuestHost, { user, password }: Login): Promise<Cursor> {
  const cursor = host.console.cursor(host.bootOffset());
  // The kernel may print right behind a prompt, or in its middle.
  const prompt = { tolerateKernelMessages: true };
  await cursor.expect(/login: ?$/, prompt);
  host.console.sendLine(user);
  if (password !== undefined) {
    await cursor.expect(/[Pp]assword: ?$/, prompt);
    host.console.sendLine(password, { secret: true });
  }
  return cursor;
}
