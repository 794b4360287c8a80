import type { VmRow } from "./status.ts";

/** What a look at vmd came to. */
export interface Seen {
  readonly what: "restarted" | "ended" | "error";
  readonly evidence: readonly string[];
}

export interface Look {
  /** When, in milliseconds. */
  readonly at: number;
  /** How the vmctl that started the VM, and became its console, has ended; undefined while it runs. */
  readonly status: number | null | undefined;
  /** The last lines of its standard error. */
  readonly said: string;
}

/** usr.sbin/vmd/vmd.c: so many restarts in a row, each so soon after the last, and vmd stops the VM. */
const restartLimit = 3;
const restartMs = 6_000;

/**
 * Concludes what a VM did from rows of `vmctl status`, one after the other: its process is another one, so its guest was
 * reset or triple-faulted; its row is gone, so it halted or was ended.
 */
export class Watcher {
  private pid: number | undefined;
  private hasStarted = false;
  private restarts: number[] = [];

  look(row: VmRow | undefined, { at, status, said }: Look): Seen | undefined {
    if (row?.pid !== undefined) {
      this.hasStarted = true;
      const before = this.pid;
      this.pid = row.pid;
      if (before === undefined || before === row.pid) return undefined;
      this.restarts.push(at);
      return { what: "restarted", evidence: [`vmctl status: the VM's process ${before} became ${row.pid}`] };
    }
    // A VM may come and go between two looks: then its console ended in order.
    if (this.hasStarted || status === 0) return this.ended(row, at);
    if (status === undefined) return undefined;
    return { what: "error", evidence: ["vmctl did not start the VM", ...(said ? [said] : [])] };
  }

  private ended(row: VmRow | undefined, at: number): Seen {
    const how = row ? `vmctl status: the VM is ${row.state ?? "stopped"}` : "vmctl status: the VM is gone";
    const last = [...this.restarts.slice(-restartLimit), at];
    const isLoop =
      last.length > restartLimit &&
      last.every((time, index) => index === 0 || time - (last[index - 1] ?? 0) < restartMs);
    if (!isLoop) return { what: "ended", evidence: [how] };
    const why = `vmd stops a guest that restarts more than ${restartLimit} times in a row, each within ${restartMs / 1000} s`;
    return { what: "error", evidence: [how, why] };
  }
}
