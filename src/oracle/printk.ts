/**
 * The prefix of a kernel line: `<6>` (the level), `[   12.345678]` (CONFIG_PRINTK_TIME; the BSDs print the same), and
 * `[ T123]` or `[    C1]` (CONFIG_PRINTK_CALLER: the task or CPU that printed). It may stand behind a prompt.
 */
const prefix =
  /(?:<\d{1,3}>)?\[ {0,12}(\d{1,8})\.\d{4,9}\] ?(?:\[ {0,8}([TC]\d{1,8})\] ?)?(?:\(\d\)\[\d+:[^\]]{1,32}\])?/;
const severityOnly = /^<\d{1,3}>/;

export interface KernelLine {
  readonly text: string;
  /** What stood there when the kernel began to print: a prompt, or what a program had written. */
  readonly before?: string;
  readonly seconds?: number;
  /** The prefix as it was printed: its time tells one record from another. */
  readonly stamp?: string;
  /** `T123` or `C1`; absent where the kernel does not tell. */
  readonly caller?: string;
}

export function readKernelLine(line: string): KernelLine {
  const match = prefix.exec(line);
  if (match === null) return { text: line.replace(severityOnly, "") };
  const [whole, seconds, caller] = match;
  return {
    text: line.slice(match.index + whole.length),
    seconds: Number(seconds),
    stamp: whole,
    ...(match.index > 0 && { before: line.slice(0, match.index) }),
    ...(caller === undefined ? {} : { caller }),
  };
}
