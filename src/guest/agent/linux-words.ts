/** Signals of Linux on x86 by number (signal(7)); the host may be another system. */
const signals = [
  ...["", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1"],
  ...["SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP"],
  ...["SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR"],
  "SIGSYS",
];
const firstRealTime = 34;

/** `SIGKILL`, `SIGRTMIN+1`. */
export function signalName(number: number): string {
  return signals[number] || (number >= firstRealTime ? `SIGRTMIN+${number - firstRealTime}` : `signal ${number}`);
}

/** Undefined for a word that names none. */
export function signalNumber(name: string): number | undefined {
  const realTime = /^SIGRTMIN\+(\d|[12]\d|30)$/.exec(name);
  if (realTime) return firstRealTime + Number(realTime[1]);
  const number = signals.indexOf(name);
  return number > 0 ? number : undefined;
}

/** Of errno(3) what files, programs and connections meet. */
const errors: Readonly<Record<number, string>> = {
  1: "Operation not permitted",
  2: "No such file or directory",
  5: "Input/output error",
  7: "Argument list too long",
  8: "Exec format error",
  11: "Resource temporarily unavailable",
  12: "Cannot allocate memory",
  13: "Permission denied",
  16: "Device or resource busy",
  17: "File exists",
  20: "Not a directory",
  21: "Is a directory",
  23: "Too many open files in system",
  24: "Too many open files",
  26: "Text file busy",
  27: "File too large",
  28: "No space left on device",
  30: "Read-only file system",
  32: "Broken pipe",
  36: "File name too long",
  40: "Too many levels of symbolic links",
  74: "What arrived is not what was sent",
  97: "Address family not supported",
  101: "Network is unreachable",
  104: "Connection reset by peer",
  110: "Connection timed out",
  111: "Connection refused",
  122: "Disk quota exceeded",
};
export const errno = { notFound: 2, brokenPipe: 32, refused: 111 } as const;

export function errorText(number: number): string {
  return errors[number] ?? `errno ${number}`;
}
