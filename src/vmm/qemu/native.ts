import { type ConsoleName, consoleNames, type Machine } from "../../machine/machine.ts";

/** Petri's own vsock device is a process of Petri's; the host kernel's is not. */
export function withoutHarness(machine: Machine): Machine {
  if (machine.vsock === undefined) return machine;
  const { cid } = machine.vsock;
  return { ...machine, vsock: { transport: "vhost", ...(cid === undefined ? {} : { cid }) } };
}

type NativePower = Record<"reset" | "shutdown" | "crash" | "watchdog", string>;

/**
 * What QEMU alone can do of it: it ends with 0, or with 1 after a panic; a reset that is not one goes the way of a
 * shutdown (qemu(1), "-action").
 */
export function nativePower({ power }: Machine): NativePower {
  const ends = (action: string) => action.startsWith("exit");
  const shutdown = power.shutdown === "halt" || power.shutdown === "reset" ? "halt" : "exit";
  const crash = power.crash === "exit:1" || shutdown === "halt" ? "exit:1" : "exit";
  return {
    reset: power.reset === "reset" ? "reset" : shutdown,
    shutdown,
    crash: ends(power.crash) ? crash : "halt",
    watchdog: power.watchdog === "reset" || power.watchdog === "halt" ? power.watchdog : "exit",
  };
}

/** The first console without a place of its own has the terminal, unless another one asks for it. */
export function nativeConsoles({ consoles }: Machine): Partial<Record<ConsoleName, string>> {
  const there = consoleNames.flatMap((name) => {
    const backend = consoles[name];
    return backend === undefined || backend === "none" ? [] : [[name, backend] as const];
  });
  const asked = there.some(([, backend]) => backend === "console");
  const first = asked ? undefined : there.find(([, backend]) => backend === "capture")?.[0];
  return Object.fromEntries(there.map(([name, backend]) => [name, name === first ? "console" : backend]));
}
