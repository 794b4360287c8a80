import { HostError, UsageError } from "../../machine/errors.ts";
import { checkCommand, noFolder, titleOf } from "../command.ts";
import type { ExecEnd, ExecOptions } from "../exec.ts";
import { errno, errorText, signalName } from "./linux-words.ts";
import { encodeProgram, mostFrameBytes, stage, streamKind, u16 } from "./protocol.ts";
import type { AgentSession } from "./session.ts";
import { AgentRefusal, type AgentStream, type StreamSink } from "./stream.ts";

export interface ProgramRequest {
  readonly env?: ExecOptions["env"] | undefined;
  readonly cwd?: string | undefined;
  readonly command: string | readonly string[];
  readonly hasStdin: boolean;
  /** The size of the terminal that it gets; its streams are pipes if absent. */
  readonly terminal?: { readonly rows: number; readonly columns: number } | undefined;
}

/** A program that the guest has not got: it ends as a shell's would (POSIX, 2.8.2). */
export class NotThere extends Error {
  readonly exitCode: 126 | 127;

  constructor(message: string, exitCode: 126 | 127) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Starts a program. Rejects with NotThere, HostError, UsageError, or what ended the session. */
export async function startProgram(
  session: AgentSession,
  request: ProgramRequest,
  sink: StreamSink,
): Promise<AgentStream> {
  const { command, cwd, env = {}, hasStdin, terminal } = request;
  checkCommand(command, request);
  const words = typeof command === "string" ? ["sh", "-c", command] : command;
  const program = encodeProgram({ hasStdin, folder: cwd ?? "", environment: env, words });
  const payload = terminal ? Buffer.concat([u16(terminal.rows), u16(terminal.columns), program]) : program;
  if (payload.length > mostFrameBytes) {
    throw new UsageError(
      `this command and its variables have ${payload.length} bytes, and one takes ${mostFrameBytes}: give them as input, or upload them`,
    );
  }
  try {
    return await session.openStream({ kind: terminal ? streamKind.terminal : streamKind.run, payload, sink });
  } catch (error) {
    if (error instanceof AgentRefusal) throw whyNot(error, request);
    throw error;
  }
}

function whyNot({ stage: at, errno: number }: AgentRefusal, { command, cwd }: ProgramRequest): Error {
  const title = titleOf(command);
  const why = errorText(number);
  if (at === stage.folder && number === errno.notFound) return noFolder(title, cwd);
  if (at === stage.folder) return new HostError(`${title} was not started: its folder cannot be entered: ${why}`);
  if (at !== stage.program) return new HostError(`${title} was not started: ${why}`);
  if (typeof command === "string") return new HostError(`${title} was not started: the guest has no shell: sh: ${why}`);
  return new NotThere(`petri-agent: ${command[0]}: ${why}\n`, number === errno.notFound ? 127 : 126);
}

/** What EXIT says of a program. */
export function endOf(code: number, signal: number): ExecEnd {
  return signal ? { exitCode: null, signal: signalName(signal) } : { exitCode: code, signal: null };
}
