import type { Guest } from "../guest/driver.ts";
import { describeEnd, type ExecEnd, type ExecResult, isSuccess } from "../guest/exec.ts";
import type { Waits } from "../power/wait.ts";

export interface WatchedGuest {
  /** The same guest, whose every answer is known to be awaited or not: a command that nobody awaits asserts nothing. */
  readonly guest: Guest;
  /** Programs that failed, and nobody looked at how they ended. */
  ignoredFailures(): string[];
}

/** A program of which nobody may have asked how it ended. */
interface Spawned {
  readonly command: string;
  end: ExecEnd | undefined;
  isAsked: boolean;
}

export function watchGuest(guest: Guest, waits: Waits): WatchedGuest {
  const failed: ExecResult[] = [];
  const all: Spawned[] = [];
  function watched<A extends readonly unknown[], T>(name: string, ask: (...args: A) => Promise<T>) {
    return (...args: A): Promise<T> =>
      waits.start<T>(`guest.${name}(${args.map(shown).join(", ")})`, (resolve, reject) => {
        ask(...args).then(resolve, reject);
      });
  }
  const execKeepingFailures: Guest["exec"] = async (command, options) => {
    const result = await guest.exec(command, options);
    if (result.isIgnoredFailure) failed.push(result);
    return result;
  };
  const spawnKeepingFailures: Guest["spawn"] = async (command, options) => {
    const process = await guest.spawn(command, options);
    const spawned: Spawned = { command: process.command, end: undefined, isAsked: false };
    process.wait().then(
      (end) => {
        spawned.end = end;
      },
      // The guest is gone, and tells so itself.
      () => {},
    );
    all.push(spawned);
    const asked = () => {
      spawned.isAsked = true;
    };
    const { stdin, stdout, stderr } = process;
    return {
      ...{ command: process.command, stdin, stdout, stderr },
      wait: () => {
        asked();
        return process.wait();
      },
      kill: (signal) => {
        asked();
        return process.kill(signal);
      },
    };
  };
  return {
    guest: {
      ready: watched("ready", guest.ready),
      shutdown: watched("shutdown", guest.shutdown),
      reset: watched("reset", guest.reset),
      reboot: watched("reboot", guest.reboot),
      halt: watched("halt", guest.halt),
      suspend: watched("suspend", guest.suspend),
      hibernate: watched("hibernate", guest.hibernate),
      hang: watched("hang", guest.hang),
      watchdog: watched("watchdog", guest.watchdog),
      watchdogStatus: watched("watchdogStatus", guest.watchdogStatus),
      tripleFault: watched("tripleFault", guest.tripleFault),
      exception: watched("exception", guest.exception),
      nestedFaults: watched("nestedFaults", guest.nestedFaults),
      panic: watched("panic", guest.panic),
      debugExit: watched("debugExit", guest.debugExit),
      crash: watched("crash", guest.crash),
      echo: watched("echo", guest.echo),
      info: watched("info", guest.info),
      flood: watched("flood", guest.flood),
      tap: watched("tap", guest.tap),
      runTap: watched("runTap", guest.runTap),
      exec: watched("exec", execKeepingFailures),
      spawn: watched("spawn", spawnKeepingFailures),
      forward: watched("forward", guest.forward),
      shell: watched("shell", guest.shell),
      upload: watched("upload", guest.upload),
      download: watched("download", guest.download),
      read: watched("read", guest.read),
      waitFor: watched("waitFor", guest.waitFor),
    },
    ignoredFailures: () => [
      ...failed
        .filter((result) => result.isIgnoredFailure)
        .map((result) => `nobody looked at: guest.exec(${shown(result.command)}) ${describeEnd(result.facts)}`),
      ...all.flatMap(({ command, end, isAsked }) =>
        isAsked || !end || isSuccess(end)
          ? []
          : [`nobody waited for: guest.spawn(${shown(command)}) ${describeEnd(end)}`],
      ),
    ],
  };
}

/** An argument, short: files travel in them. */
function shown(arg: unknown): string {
  if (arg instanceof Uint8Array) return `<${arg.length} bytes>`;
  const text =
    JSON.stringify(arg, (_, value) => (value instanceof Uint8Array ? `<${value.length} bytes>` : value)) ?? "";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
