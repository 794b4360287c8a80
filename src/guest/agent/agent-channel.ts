import type { Duplex } from "node:stream";
import type { ChannelName } from "../../machine/channel.ts";
import type { GuestChannel } from "../channel.ts";
import type { ExecOptions, ExecResult } from "../exec.ts";
import type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "../process.ts";
import { dialByAgent } from "./dial.ts";
import { execByAgent } from "./exec.ts";
import { getFile, putFile } from "./files.ts";
import { AgentSession, type SessionOptions } from "./session.ts";
import { shellByAgent, spawnByAgent } from "./spawn.ts";

/** All that a channel can do, by petri-agent in the guest, over any byte stream. */
export class AgentChannel implements Required<GuestChannel> {
  readonly name: ChannelName;
  readonly #session: AgentSession;

  private constructor(name: ChannelName, session: AgentSession) {
    this.name = name;
    this.#session = session;
  }

  /** Greets the agent. The channel then owns the transport. */
  static async open(name: ChannelName, transport: Duplex, options: SessionOptions): Promise<AgentChannel> {
    return new AgentChannel(name, await AgentSession.open(transport, options));
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  exec(command: string | readonly string[], timeoutMs: number, options: ExecOptions = {}): Promise<ExecResult> {
    return execByAgent(this.#session, command, timeoutMs, options);
  }

  spawn(command: string | readonly string[], options: SpawnOptions = {}): Promise<GuestProcess> {
    return spawnByAgent(this.#session, command, options);
  }

  place(path: string, bytes: Uint8Array, mode: number, signal: AbortSignal): Promise<void> {
    return putFile(this.#session, path, bytes, mode, signal);
  }

  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return putFile(this.#session, path, bytes, 0o644, signal);
  }

  read(path: string, signal: AbortSignal): Promise<Buffer> {
    return getFile(this.#session, path, signal);
  }

  openPort(port: number, signal: AbortSignal): Promise<Duplex> {
    return dialByAgent(this.#session, port, signal);
  }

  openShell(options: ShellOptions): Promise<GuestShell> {
    return shellByAgent(this.#session, options);
  }

  close(): void {
    this.#session.end(new Error("the channel was closed"));
  }
}
