import type { Socket } from "node:net";
import type { ConsoleName } from "../../machine/machine.ts";
import { askKept, connectKept, type FoundVm } from "../../vm/kept/find-kept.ts";
import { EscapeKeys } from "../boot/attach.ts";
import { RawTerminal } from "../boot/raw-terminal.ts";
import { TerminalFilter } from "../boot/terminal-filter.ts";
import { writeTo } from "../output.ts";

/** Joins a kept VM's console to the terminal, or to what stdin and stdout are. Resolves to the exit code. */
export async function joinConsole(vm: FoundVm, console: ConsoleName, signal: AbortSignal): Promise<number> {
  const { socket, rest, reply } = await connectKept(vm, { do: "console", console });
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const leave = () => socket.destroy();
  signal.addEventListener("abort", leave);
  try {
    return await (isTerminal ? inTerminal(vm, console, socket, rest, reply) : inPipes(socket, rest));
  } finally {
    signal.removeEventListener("abort", leave);
    socket.destroy();
  }
}

async function inTerminal(
  vm: FoundVm,
  console: ConsoleName,
  socket: Socket,
  rest: Buffer,
  state: string,
): Promise<number> {
  let hasLeft = false;
  const leave = () => {
    hasLeft = true;
    socket.destroy();
  };
  const say = (line: string) => terminal.say(line);
  const orSay = (action: Promise<string>) => void action.then(say, (error: Error) => say(error.message));
  const togglePause = async () => {
    const now = await askKept(vm, { do: "info" });
    return await askKept(vm, { do: now === "running" ? "pause" : "resume" });
  };
  const keys = new EscapeKeys({
    quit: leave,
    reset: () => say("a kept VM is not reset: Ctrl-] p lets it run on, and it can be discarded"),
    togglePause: () => orSay(togglePause()),
    type: (bytes) => void socket.write(bytes),
    say,
  });
  const terminal: RawTerminal = new RawTerminal((bytes) => keys.push(bytes), leave);
  say(`${console} of ${vm.name}, which is ${state}; Ctrl-] then p lets it run on or pauses it, Ctrl-] then q leaves`);
  if (rest.length > 0) terminal.show(rest);
  socket.on("data", (bytes: Buffer) => terminal.show(bytes)).resume();
  await closed(socket);
  if (!hasLeft) say("the VM is gone: its run has ended, or somebody discarded it");
  await terminal.close();
  return 0;
}

/** Without a terminal: the end of the input is the end of it. */
async function inPipes(socket: Socket, rest: Buffer): Promise<number> {
  const filter = process.stdout.isTTY ? new TerminalFilter() : undefined;
  const show = async (bytes: Buffer) => await writeTo(process.stdout, filter?.push(bytes) ?? bytes);
  await show(rest);
  process.stdin.pipe(socket);
  const shown = (async () => {
    for await (const bytes of socket) await show(bytes as Buffer);
  })();
  await shown.catch(() => {});
  process.stdin.unpipe(socket).pause();
  return 0;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
}
