import { parseBackend } from "../../machine/console-backend.ts";
import type { ConsoleName, Machine } from "../../machine/machine.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { writeTo } from "../output.ts";
import type { AttachSession } from "./attach-session.ts";
import { stopWorkflowCommands } from "./ci-log.ts";
import type { JsonEvents } from "./json-events.ts";
import type { RunFlags } from "./options.ts";
import { PlainStream } from "./plain-stream.ts";
import type { Progress } from "./progress.ts";

export interface ViewOptions {
  readonly flags: RunFlags;
  readonly session: AttachSession | undefined;
  readonly json: JsonEvents | undefined;
  readonly progress: Progress;
  readonly onFault: (error: unknown) => void;
}

export interface ConsoleView {
  /** Resolves when every byte was shown; `sizeOf` tells how many a console has printed in all. */
  drained(sizeOf: (name: ConsoleName) => number): Promise<void>;
}

type Sink = (bytes: Buffer) => void | Promise<void> | undefined;

/** Shows each console's bytes where its backend says, from the first one on; what it relays to is the VM's affair. */
export function viewConsoles(vm: VirtualMachine, options: ViewOptions): ConsoleView {
  const names = Object.keys(vm.plan.consoles) as ConsoleName[];
  const feeds = names.map((name) => new Feed(vm, name, sinksOf(name, vm.machine.consoles, options), options.onFault));
  return {
    async drained(sizeOf) {
      await Promise.all(feeds.map((feed) => feed.reached(sizeOf(feed.name))));
      options.json?.flush();
    },
  };
}

/** The console on the terminal or stdout: the one that says `console`, else COM1 as it is by default. */
export function frontConsole(consoles: Machine["consoles"]): ConsoleName | undefined {
  const said = (Object.keys(consoles) as ConsoleName[]).find((name) => consoles[name] === "console");
  return said ?? (consoles.com1 === "capture" ? "com1" : undefined);
}

function sinksOf(name: ConsoleName, consoles: Machine["consoles"], options: ViewOptions): Sink[] {
  const { flags, session, json, progress } = options;
  if (json) return [(bytes) => json.console(name, bytes)];
  if (flags.quiet) return [];
  const sinks: Sink[] = [];
  if (parseBackend(consoles[name] ?? "none")?.kind === "stderr") sinks.push(streamSink(process.stderr, progress));
  if (name !== frontConsole(consoles)) return sinks;
  if (session) sinks.push((bytes) => session.show(bytes));
  else sinks.push(streamSink(process.stdout, progress));
  return sinks;
}

/** A terminal gets plain text; a pipe or a file gets the bytes as they are, a CI log with no command among them. */
function streamSink(stream: NodeJS.WriteStream, progress: Progress): Sink {
  if (!stream.isTTY) {
    let first = stopWorkflowCommands(stream);
    return (bytes) => {
      const before = Buffer.from(first);
      first = "";
      return writeTo(stream, before.length > 0 ? Buffer.concat([before, bytes]) : bytes);
    };
  }
  const plain = new PlainStream();
  return (bytes) => {
    progress.clear();
    return writeTo(stream, plain.push(bytes));
  };
}

/** One console on its way to its sinks; knows how far it has come. */
class Feed {
  readonly name: ConsoleName;
  #received = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #done: () => void = () => {};

  constructor(vm: VirtualMachine, name: ConsoleName, sinks: readonly Sink[], onFault: (error: unknown) => void) {
    this.name = name;
    vm.onBytes(name, async (bytes) => {
      try {
        await Promise.all(sinks.map((sink) => sink(bytes)));
      } catch (error) {
        onFault(error);
      }
      this.#received += bytes.length;
      if (this.#received >= this.#wanted) this.#done();
    });
  }

  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = count;
      this.#done = resolve;
      if (this.#received >= count) resolve();
    });
  }
}
