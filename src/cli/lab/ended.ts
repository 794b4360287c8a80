/** How the command ended, and whether all that it printed was kept. */
export interface CommandEnd {
  readonly exitCode: number;
  /** The number of the signal that killed it. */
  readonly signal?: number;
  /** Streams of which something was lost, such as by a full disk. */
  readonly lost: readonly ("stdout" | "stderr")[];
}

/** Reads what images/lab/init says of the command's end: busybox time(1)'s words. Undefined for anything else. */
export function readEnd(text: string): CommandEnd | undefined {
  const whole =
    /^(?:Command (?:terminated by signal (\d+)|exited with non-zero status \d+)\n)?exited (\d+)\ncopied (\d+) (\d+)\n$/;
  const [, signal, code, stdout, stderr] = whole.exec(text) ?? [];
  if (code === undefined) return undefined;
  const lost = [...(stdout === "0" ? [] : ["stdout" as const]), ...(stderr === "0" ? [] : ["stderr" as const])];
  if (signal === undefined) return { exitCode: Number(code), lost };
  return { exitCode: 128 + Number(signal), signal: Number(signal), lost };
}
