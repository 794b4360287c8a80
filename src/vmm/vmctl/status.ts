/** One row of `vmctl status`. */
export interface VmRow {
  readonly id: number;
  readonly name: string;
  /** Of the process that runs the VM; absent where none does. */
  readonly pid?: number;
  readonly tty?: string;
  /** Absent before OpenBSD 6.6, which has no such column. */
  readonly state?: string;
}

/**
 * Reads the table by its heading, since columns were added over time. The name is the last column. Throws for a text that
 * is no such table.
 */
export function parseStatus(text: string): VmRow[] {
  const [heading = "", ...lines] = text.split("\n").filter((line) => line.trim() !== "");
  const names = heading.trim().split(/\s+/);
  if (!names.includes("ID") || names.at(-1) !== "NAME") throw new Error(`vmctl status said: ${heading.slice(0, 200)}`);
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const cell = (name: string) => {
      const word = words[names.indexOf(name)];
      return names.includes(name) && word !== undefined && word !== "-" ? word : undefined;
    };
    const [pid, tty, state] = [cell("PID"), cell("TTY"), cell("STATE")];
    return {
      ...{ id: Number(cell("ID")), name: words[names.length - 1] ?? "" },
      ...(pid !== undefined && { pid: Number(pid) }),
      ...(tty !== undefined && { tty }),
      ...(state !== undefined && { state }),
    };
  });
}
