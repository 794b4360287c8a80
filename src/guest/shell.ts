import type { Cursor } from "../console/console.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import { bootCursor } from "./boot-cursor.ts";
import type { GuestChannel } from "./channel.ts";
import { type Guest, type GuestHost, guestOf, oneLine } from "./driver.ts";
import { crashLinux, tripleFaultLinux } from "./linux/crash.ts";
import type { ShellLine } from "./linux/shell-line.ts";
import { hibernateLinux, suspendLinux } from "./linux/sleep.ts";
import { watchdogOfLinux } from "./linux/watchdog.ts";
import { type Login, logIn } from "./log-in.ts";
import { programsOf } from "./programs.ts";
import { leave } from "./serial/agent.ts";
import { AgentLink } from "./serial/link.ts";
import { SerialShell } from "./serial/serial-shell.ts";

/**
 * Drives a Linux shell by typing at its prompt, after logging in where somebody has to. Without a channel of their own
 * programs and files go through an agent that the shell runs meanwhile (serial/agent.ts); whoever types on the console
 * gets the prompt back first.
 */
export function shellGuest(
  host: GuestHost,
  prompt: string,
  login?: Login,
  ownChannel?: (console: GuestChannel) => () => Promise<GuestChannel>,
): Guest {
  let last: Promise<unknown> = Promise.resolve();
  const running = new Set<Promise<unknown>>();
  let hasHibernated = false;
  let isLoggingIn = false;
  const begin = async (as: Login) => {
    isLoggingIn = true;
    try {
      return await logIn(host, as);
    } finally {
      isLoggingIn = false;
    }
  };
  const nextCursor = bootCursor(host, login && (() => begin(login)), () => {
    const was = hasHibernated;
    hasHibernated = false;
    return was;
  });
  /** The boot whose shell runs an agent that nobody listens to any more. */
  let abandonedIn: number | undefined;
  const atPrompt = async () => {
    const cursor = await nextCursor();
    // The guest was halted and goes on, its agent too: that has the line, and gives it back.
    if (abandonedIn === host.bootOffset()) host.line.write(leave);
    abandonedIn = undefined;
    await cursor.expect(prompt, { tolerateKernelMessages: true });
    return cursor;
  };
  let boot: number | undefined;
  const link = new AgentLink(host.line, async () => {
    await atPrompt();
    boot = host.bootOffset();
  });
  host.onStop((reason) => {
    if (link.isStarted) abandonedIn = boot;
    link.lost(reason);
  });
  // The link that waits for the login has nothing to give back yet.
  host.onTyping(() => isLoggingIn || link.leave(new UsageError(`${host.line.name} was typed on`)));
  const channel = counted(new SerialShell(link), running);
  const own = ownChannel?.(channel);

  /** Types the line at the next prompt, and reads what comes of it before anything else is typed. */
  function type<T>(line: string, read: (cursor: Cursor) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      while (running.size > 0) await Promise.allSettled(running);
      link.leave(new UsageError(`${host.line.name} was typed on`));
      const cursor = await atPrompt();
      host.console.sendLine(line);
      return await read(cursor);
    });
    last = turn.catch(() => {});
    return turn;
  }

  const shell: ShellLine = {
    start: (line) => type(line, async () => {}),
    // The code is in what echo prints, not in what the terminal shows of the line.
    ask: async (line) => {
      const { captures } = await type(`${line}; echo "<$?>"`, (cursor) =>
        cursor.expect(/^<(\d+)>\n/, { tolerateKernelMessages: true }),
      );
      return Number(captures[0]);
    },
  };

  return guestOf("a Linux image", host, {
    // -f: no init to ask; the kernel powers off through ACPI (busybox poweroff).
    shutdown: () => shell.start("poweroff -f"),
    halt: () => shell.start("halt -f"),
    suspend: () => suspendLinux(shell),
    hibernate: async () => {
      await hibernateLinux(shell);
      hasHibernated = true;
    },
    crash: (how) => crashLinux(shell, host, how),
    tripleFault: () => tripleFaultLinux(shell, host),
    watchdog: (what) => watchdogOfLinux(shell, host.watchdog, what),
    reboot: (options) => host.reboot(() => shell.start("reboot -f"), options),
    reset: (way) =>
      way
        ? Promise.reject(new UnsupportedError(`a Linux image chooses how it resets; leave "${way}" out`))
        : shell.start("reboot -f"),
    echo: async (text) => {
      const quoted = `'${oneLine(text).replaceAll("'", `'\\''`)}'`;
      // The quotes are in what the terminal shows of the line, not in what echo prints.
      const { captures } = await type(`echo "<"${quoted}">"`, (cursor) =>
        cursor.expect(/^<(.*)>\n/, { tolerateKernelMessages: true }),
      );
      return captures[0] ?? "";
    },
    // What was typed before is typed first.
    ...programsOf(async () => {
      await last;
      return own ? await own() : channel;
    }, host),
  });
}

/** The same channel; what it is doing is in `running`. */
function counted(channel: GuestChannel, running: Set<Promise<unknown>>): GuestChannel {
  const count =
    <A extends readonly unknown[], T>(act: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const under = act(...args);
      running.add(under);
      try {
        return await under;
      } finally {
        running.delete(under);
      }
    };
  return {
    name: channel.name,
    isOpen: true,
    close: () => {},
    exec: count((command, timeoutMs, options) => channel.exec(command, timeoutMs, options)),
    write: count((path, bytes, signal) => channel.write(path, bytes, signal)),
    read: count((path, signal) => channel.read(path, signal)),
  };
}
