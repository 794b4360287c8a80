import type { Cursor } from "../console/console.ts";
import { VmmError } from "../machine/errors.ts";
import { bootCursor } from "./boot-cursor.ts";
import { type Guest, type GuestHost, guestOf, oneLine } from "./driver.ts";
import { armCommand, hangCommand, statusCommand } from "./watchdog-command.ts";

/** Drives petri-guest over COM1: one line a command, one `ok` or `error` line back (fixtures/petri-guest/README.md). */
export function petriGuest(host: GuestHost): Guest {
  // One command at a time: replies carry no number.
  let last: Promise<unknown> = Promise.resolve();
  const nextCursor = bootCursor(host);

  function ask<T>(line: string, read: (cursor: Cursor) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      const cursor = await nextCursor();
      host.console.sendLine(line);
      return await read(cursor);
    });
    last = turn.catch(() => {});
    return turn;
  }

  const command = (line: string, reply = /^(ok|error)(?: ([^\n]*))?\n/): Promise<string> =>
    ask(line, async (cursor) => {
      const [verdict, text = ""] = (await cursor.expect(reply)).captures;
      if (verdict === "error") throw new VmmError(`petri-guest could not do "${line}": ${text}`);
      return text;
    });

  return guestOf("petri-guest", host, {
    shutdown: async () => void (await command("shutdown")),
    reset: async (way) => void (await command(way ? `reset ${way}` : "reset")),
    reboot: (options) => host.reboot(async () => void (await command("reset")), options),
    suspend: async () => void (await command("suspend")),
    hibernate: async () => void (await command("hibernate")),
    hang: async ({ how = "quiet", watchdog } = {}) => {
      await command(watchdog === undefined ? `hang ${how}` : hangCommand(host.watchdog, how, watchdog));
    },
    watchdog: async (what) => {
      await command(typeof what === "string" ? `watchdog ${what}` : armCommand(host.watchdog, what.arm));
    },
    watchdogStatus: async () => {
      const [, device = "", rest = ""] =
        /^watchdog (\w+) (.*)$/.exec(await command(statusCommand(host.watchdog))) ?? [];
      const { armed, fired } = facts(rest);
      return { device, isArmed: armed === "yes", hasFired: fired === "yes" };
    },
    exception: async (vector) => void (await command(`exception ${vector}`)),
    nestedFaults: async (depth) => void (await command(`exception nested ${depth}`)),
    panic: async () => {
      host.expectCrash("pvpanic");
      await command("panic");
    },
    debugExit: async (value) => void (await command(`debug-exit ${value}`)),
    tripleFault: async () => {
      host.expectCrash("triple-fault");
      await command("triple-fault");
    },
    echo: async (text) => command(`echo ${oneLine(text)}`),
    info: async () => facts(await command("info")),
    flood: async (bytes, seed) => {
      // The flood itself may hold lines that start like a reply.
      const line = seed === undefined ? `flood ${bytes}` : `flood ${bytes} ${seed}`;
      const text = await command(line, /^(ok|error) (flood \d+ crc32=[0-9a-f]{8}|bad [^\n]*)\n/);
      const [, count, crc32 = ""] = /^flood (\d+) crc32=(\w+)$/.exec(text) ?? [];
      return { bytes: Number(count), crc32 };
    },
    // Lines that begin with "ok" are results; the answer follows the last one.
    tap: async () => {
      const text = await ask("tap", async (cursor) => {
        const { start } = await cursor.expect(/^TAP version 14\n/);
        const { start: end } = await cursor.expect(/^ok tap \d+ failed=\d+\n/);
        return host.console.text({ start, end });
      });
      const tap = host.openTap("petri-guest");
      tap.push(text);
      return tap.end();
    },
  });
}

/** `key=value` and `key="quoted value"`, as the info line has them. */
function facts(line: string): Record<string, string> {
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, key = "", quoted, bare]) => [key, quoted ?? bare ?? ""]),
  );
}
