import { VmmError } from "../machine/errors.ts";
import { bootCursor } from "./boot-cursor.ts";
import { type Guest, type GuestHost, guestOf, oneLine } from "./driver.ts";
import { armCommand } from "./watchdog-command.ts";

/** Drives petri-guest over COM1: one line a command, one `ok` or `error` line back (fixtures/petri-guest/README.md). */
export function petriGuest(host: GuestHost): Guest {
  // One command at a time: replies carry no number.
  let last: Promise<unknown> = Promise.resolve();
  const nextCursor = bootCursor(host);

  function command(line: string, reply = /^(ok|error)(?: ([^\n]*))?\n/): Promise<string> {
    const turn = last.then(async () => {
      const cursor = await nextCursor();
      host.console.sendLine(line);
      const { captures } = await cursor.expect(reply);
      const [verdict, text = ""] = captures;
      if (verdict === "error") throw new VmmError(`petri-guest could not do "${line}": ${text}`);
      return text;
    });
    last = turn.catch(() => {});
    return turn;
  }

  return guestOf("petri-guest", host, {
    shutdown: async () => void (await command("shutdown")),
    reset: async (way) => void (await command(way ? `reset ${way}` : "reset")),
    hang: async ({ how = "quiet", watchdog } = {}) => {
      if (watchdog !== undefined) await command(armCommand(host.watchdog, watchdog));
      await command(`hang ${how}`);
    },
    watchdog: async (what) => {
      await command(typeof what === "string" ? `watchdog ${what}` : armCommand(host.watchdog, what.arm));
    },
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
  });
}

/** `key=value` and `key="quoted value"`, as the info line has them. */
function facts(line: string): Record<string, string> {
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, key = "", quoted, bare]) => [key, quoted ?? bare ?? ""]),
  );
}
