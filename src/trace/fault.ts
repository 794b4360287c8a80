import { HostError } from "../machine/errors.ts";

const advice: Record<string, string> = {
  EROFS: "The file system is read-only: choose a results folder that can be written.",
  ENOENT: "The file system takes no new folders or files there: choose another results folder.",
  EACCES: "Permission denied: choose a results folder of your own, or change its owner.",
  EPERM: "Permission denied: choose a results folder of your own, or change its owner.",
  ENOSPC: "The disk is full: remove old results with `petri clean`, or choose a results folder on another disk.",
  EDQUOT: "The disk quota is used up: remove old results with `petri clean`, or choose another results folder.",
  EFBIG: "The file would grow past the limit of the process or file system: raise it (`ulimit -f`).",
  ENOTDIR: "A part of the path is a file: remove it, or choose another results folder.",
  EEXIST: "Something is already there: every attempt of a test writes a new folder.",
  EMFILE: "Too many open files: raise the limit (`ulimit -n`) or run fewer VMs at once.",
  ENAMETOOLONG: "The path is too long: choose a results folder nearer to the root.",
};

/** A failure of the file system under a trace, with the folder, what was being done, and what to do about it. */
export function traceFault(dir: string, doing: string, error: unknown): HostError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? message : (advice[code] ?? message);
  return new HostError(
    `the trace in ${dir} cannot be written: ${doing} failed${code ? ` (${code})` : ""}.\n${reason}`,
    {
      cause: error,
    },
  );
}
