import { UnsupportedError } from "../../machine/errors.ts";
import type { CrashWay, GuestHost } from "../driver.ts";
import type { ShellLine } from "./shell-line.ts";

interface Way {
  /** What to type. */
  readonly line: string;
  /** A name of the program `crash` (images/README.md); absent where any Linux can do it. */
  readonly name?: string;
  /** What the report's title has; absent where the kernel goes on as if nothing were. */
  readonly title?: string;
}

const byName = (name: string, title: string, after = ""): Way => ({ name, line: `crash ${name}${after}`, title });

/** How a Linux is made to crash. Titles are the oracle's. */
const ways: Record<CrashWay, Way> = {
  panic: { line: "echo c >/proc/sysrq-trigger", title: "kernel panic: sysrq triggered crash" },
  oops: byName("DIVIDE", "divide error in crash_divide"),
  "null-pointer": byName("ACCESS_NULL", "kernel NULL pointer dereference in crash_access_null"),
  bug: byName("BUG", "kernel BUG in crash_bug"),
  // It never ends: the shell goes on without it.
  "hung-task": byName("HUNG_TASK", "task hung in crash_hung_task", " &"),
  "soft-lockup": byName("SOFTLOCKUP", "soft lockup"),
  // A line without end is kept until its end: the kernel kills whoever takes most.
  "out-of-memory": { line: "tail /dev/zero" },
};

/**
 * Makes a Linux crash; the report is expected from then on. Rejects with UnsupportedError for a guest without the
 * program `crash`, where that is what does it.
 */
export async function crashLinux(shell: ShellLine, host: GuestHost, how: CrashWay): Promise<void> {
  const { line, name, title } = ways[how];
  if (name !== undefined) await needCrash(shell, how);
  if (title !== undefined) host.expectCrash(title);
  await shell.start(line);
}

/** The machine resets by itself: no table says where to go for the breakpoint, nor for the fault that follows. */
export async function tripleFaultLinux(shell: ShellLine, host: GuestHost): Promise<void> {
  await needCrash(shell, "triple-fault");
  host.expectCrash("triple-fault");
  await shell.start("crash TRIPLE_FAULT");
}

async function needCrash(shell: ShellLine, how: string): Promise<void> {
  if ((await shell.ask("command -v crash >/dev/null")) === 0) return;
  throw new UnsupportedError(
    `this Linux cannot crash by ${how} on command: it has no program "crash"; use the image debian-crash`,
  );
}
