import { readdirSync, readFileSync } from "node:fs";

/**
 * When the process started, in clock ticks since boot (proc(5), /proc/PID/stat field 22): with its number it names a
 * process for good. Undefined if it is gone; empty where there is no /proc.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform !== "linux") return isAlive(pid) ? "" : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in field 2 may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Processes of this user whose environment sets the variable, with its value. Empty where there is no /proc. */
export function processesWith(variable: string): { pid: number; value: string }[] {
  if (process.platform !== "linux") return [];
  const found: { pid: number; value: string }[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "latin1").split("\0");
      const line = environment.find((each) => each.startsWith(`${variable}=`));
      if (line !== undefined) found.push({ pid: Number(entry), value: line.slice(variable.length + 1) });
    } catch {
      // Gone since, or another user's.
    }
  }
  return found;
}
