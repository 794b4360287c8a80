import type { Cursor } from "../console/console.ts";
import { UnsupportedError } from "../machine/errors.ts";
import { bootCursor } from "./boot-cursor.ts";
import { type Guest, type GuestHost, guestOf, oneLine } from "./driver.ts";
import { type Login, logIn } from "./log-in.ts";

/**
 * Drives a Linux shell by typing at its prompt, after logging in where somebody has to. Exit codes and binary data come
 * with exec().
 */
export function shellGuest(host: GuestHost, prompt: string, login?: Login): Guest {
  let last: Promise<unknown> = Promise.resolve();
  const nextCursor = bootCursor(host, login && (() => logIn(host, login)));

  /** Types the line at the next prompt, and reads what comes of it before anything else is typed. */
  function type<T>(line: string, read: (cursor: Cursor) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      const cursor = await nextCursor();
      await cursor.expect(prompt, { tolerateKernelMessages: true });
      host.console.sendLine(line);
      return await read(cursor);
    });
    last = turn.catch(() => {});
    return turn;
  }

  return guestOf("a Linux image", host, {
    // -f: no init to ask; the kernel powers off through ACPI (busybox poweroff).
    shutdown: () => type("poweroff -f", async () => {}),
    reset: (way) =>
      way
        ? Promise.reject(new UnsupportedError(`a Linux image chooses how it resets; leave "${way}" out`))
        : type("reboot -f", async () => {}),
    echo: async (text) => {
      const quoted = `'${oneLine(text).replaceAll("'", `'\\''`)}'`;
      // The quotes are in what the terminal shows of the line, not in what echo prints.
      const { captures } = await type(`echo "<"${quoted}">"`, (cursor) =>
        cursor.expect(/^<(.*)>\n/, { tolerateKernelMessages: true }),
      );
      return captures[0] ?? "";
    },
  });
}
