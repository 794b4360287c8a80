import { Duplex } from "node:stream";
import { UsageError } from "../../machine/errors.ts";
import { titleOf } from "../command.ts";
import type { ExecEnd } from "../exec.ts";
import type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "../process.ts";
import { whileItRan } from "./exec.ts";
import { signalNumber } from "./linux-words.ts";
import { PartReader, partWriter } from "./part-streams.ts";
import { endOf, type ProgramRequest, startProgram } from "./programs.ts";
import { u16 } from "./protocol.ts";
import type { AgentSession } from "./session.ts";
import type { AgentStream } from "./stream.ts";

interface Started {
  readonly stream: AgentStream;
  readonly stdout: PartReader;
  readonly stderr: PartReader;
  readonly ended: Promise<ExecEnd>;
}

async function start(
  session: AgentSession,
  request: ProgramRequest,
  signal: AbortSignal | undefined,
): Promise<Started> {
  const title = titleOf(request.command);
  const [stdout, stderr] = [new PartReader(1), new PartReader(2)];
  const readers = [stdout, stderr];
  let exit: (end: ExecEnd) => void = () => {};
  let fail: (reason: Error) => void = () => {};
  const ended = new Promise<ExecEnd>((resolve, reject) => {
    exit = resolve;
    fail = reject;
  });
  // Whoever waits for it is told.
  ended.catch(() => {});
  signal?.throwIfAborted();
  const stream = await startProgram(session, request, {
    data: (part, bytes) => readers[part - 1]?.arrive(Buffer.from(bytes)),
    end: (part) => readers[part - 1]?.finish(),
    died: (code, number) => exit(endOf(code, number)),
    exit: () => {
      for (const reader of readers) reader.finish();
    },
    lost: (reason) => {
      for (const reader of readers) reader.destroy(reason);
      fail(whileItRan(reason, title));
    },
  });
  for (const reader of readers) reader.stream = stream;
  const abort = () => stream.close();
  signal?.addEventListener("abort", abort);
  void ended.then(
    () => signal?.removeEventListener("abort", abort),
    () => signal?.removeEventListener("abort", abort),
  );
  return { stream, stdout, stderr, ended };
}

export async function spawnByAgent(
  session: AgentSession,
  command: string | readonly string[],
  { env, cwd, signal }: SpawnOptions,
): Promise<GuestProcess> {
  const { stream, stdout, stderr, ended } = await start(session, { command, env, cwd, hasStdin: true }, signal);
  return {
    ...{ command: titleOf(command), stdin: partWriter(stream), stdout, stderr },
    wait: () => ended,
    kill: async (name = "SIGTERM") => {
      const number = signalNumber(name);
      if (number === undefined) throw new UsageError(`${JSON.stringify(name)} is no signal: write SIGTERM, SIGKILL …`);
      stream.signal(number);
    },
  };
}

export async function shellByAgent(
  session: AgentSession,
  { columns = 80, rows = 24, term = "xterm-256color", signal }: ShellOptions,
): Promise<GuestShell> {
  const request = { command: ["sh", "-i"], env: { TERM: term }, hasStdin: true, terminal: { rows, columns } };
  const { stream, stdout, ended } = await start(session, request, signal);
  const typed = partWriter(stream);
  return {
    stream: Duplex.from({ readable: stdout, writable: typed }),
    resize: (wide, high) => stream.resize(Buffer.concat([u16(high), u16(wide)])),
    wait: () => ended,
  };
}
