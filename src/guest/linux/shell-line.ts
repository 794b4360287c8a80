/** A Linux shell, as its fixtures need it: one line at a time. */
export interface ShellLine {
  /** Types the line at the next prompt; resolves when it is sent, since some lines end the shell. */
  start(line: string): Promise<void>;
  /** Types the line and waits for its end. Resolves with its exit code. */
  ask(line: string): Promise<number>;
}
