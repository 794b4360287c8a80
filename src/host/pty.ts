import { writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import koffi from "koffi";
import { HostError } from "../machine/errors.ts";

/** Where openpty(3) is: in the C library of macOS and glibc since 2.34, else in libutil. */
const libraries: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libutil.so.1"],
  darwin: ["libSystem.dylib"],
};
const elsewhere = ["libutil.so"];

type OpenPty = (primary: number[], secondary: number[], name: null, termios: null, size: null) => number;
let openpty: OpenPty | undefined;

/** Our side of a terminal that a process has as its stdin and stdout. */
export interface Terminal {
  write(text: string): void;
  /** Called with what the process printed, as it comes. */
  onText(listener: (text: string) => void): void;
}

/** A pseudo-terminal: `device` is for the process, and to be closed once that has it. Throws HostError. */
export function openTerminal(): { terminal: Terminal; device: number; close: () => void } {
  const [primary, device] = openPair();
  const screen = new ReadStream(primary);
  let isOpen = true;
  // Reading fails when the process has closed its end (EIO on Linux).
  screen.on("error", () => {});
  screen.on("close", () => {
    isOpen = false;
  });
  screen.setEncoding("utf8");
  // A process that prints to a terminal which nobody reads stands still.
  screen.resume();
  // It is the process that keeps us alive.
  screen.unref();
  return {
    device,
    terminal: {
      write(text) {
        if (isOpen) writeSync(primary, text);
      },
      onText: (listener) => void screen.on("data", listener),
    },
    close() {
      isOpen = false;
      screen.destroy();
    },
  };
}

function openPair(): [primary: number, secondary: number] {
  openpty ??= loadOpenPty();
  const [primary, secondary] = [[-1], [-1]];
  if (openpty(primary, secondary, null, null, null) === 0) return [primary[0] ?? -1, secondary[0] ?? -1];
  throw new HostError(
    `no pseudo-terminal can be opened: openpty(3) failed with errno ${koffi.errno()}\n  mount devpts, or raise the limit on them (kernel.pty.max)`,
  );
}

function loadOpenPty(): OpenPty {
  const prototype = "int openpty(_Out_ int *primary, _Out_ int *secondary, void *name, void *termios, void *size)";
  const failures: string[] = [];
  for (const library of libraries[process.platform] ?? elsewhere) {
    try {
      return koffi.load(library).func(prototype);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new HostError(`openpty(3) was not found: ${failures.join("; ")}`);
}
