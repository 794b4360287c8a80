/**
 * The families of failure, each with the exit code a CI job sees (sysexits.h numbers where one fits).
 * The first line of a message says what was expected and what came; evidence and the next step follow.
 */
export type ErrorClass =
  | "UsageError"
  | "UnsupportedError"
  | "VmmError"
  | "HostError"
  | "GuestCrash"
  | "TimeoutError"
  | "NoProgress"
  | "Interrupted";

/** A PetriError always names who is to blame: the user's input, the VMM, the host, or the guest. */
export abstract class PetriError extends Error {
  abstract readonly exitCode: number;
  abstract override readonly name: ErrorClass;
}

/** The user's input is wrong. Exit code 64 (EX_USAGE). */
export class UsageError extends PetriError {
  readonly name = "UsageError";
  readonly exitCode = 64;

  /** Reports every problem at once: one line each when there are several. */
  static of(problems: readonly string[], title = "the command line has problems"): UsageError {
    return new UsageError(oneOrMany(problems, title));
  }
}

/** The machine is valid but this VMM, host or image cannot carry it. Exit code 69 (EX_UNAVAILABLE). */
export class UnsupportedError extends PetriError {
  readonly name = "UnsupportedError";
  readonly exitCode = 69;

  static of(reasons: readonly string[], title: string): UnsupportedError {
    return new UnsupportedError(oneOrMany(reasons, title));
  }
}

/** The VMM misbehaved: did not start, died, broke its protocol. Exit code 70 (EX_SOFTWARE). */
export class VmmError extends PetriError {
  readonly name = "VmmError";
  readonly exitCode = 70;
}

/** Our side or the host's: no disk space, no permission, a tool missing. Exit code 71 (EX_OSERR). */
export class HostError extends PetriError {
  readonly name = "HostError";
  readonly exitCode = 71;
}

/** The guest crashed while nobody expected it to. Exit code 3. */
export class GuestCrash extends PetriError {
  readonly name = "GuestCrash";
  readonly exitCode = 3;
}

/** A wait passed its deadline. Exit code 124, as timeout(1). */
export class TimeoutError extends PetriError {
  readonly name = "TimeoutError";
  readonly exitCode = 124;
}

/** The guest hangs: somebody waited for it, and nothing that counts as progress came. Exit code 124. */
export class NoProgress extends PetriError {
  readonly name = "NoProgress";
  readonly exitCode = 124;
}

/** Ctrl-C or SIGTERM ended the run. Exit code 130. */
export class Interrupted extends PetriError {
  readonly name = "Interrupted";
  readonly exitCode = 130;
}

function oneOrMany(lines: readonly string[], title: string): string {
  return lines.length === 1 ? (lines[0] ?? title) : [`${title}:`, ...lines.map((line) => `  - ${line}`)].join("\n");
}
