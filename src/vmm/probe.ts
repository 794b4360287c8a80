import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "../host/host.ts";
import { newRunDirectory } from "../host/run-directory.ts";
import { HostError } from "../machine/errors.ts";
import { type MachineInput, machineSchema } from "../machine/machine.ts";
import type { AcceleratorName } from "../machine/placement.ts";
import { TraceWriter } from "../trace/writer.ts";
import type { AcceleratorFinding, Detection, RunningVmm, Vmm } from "./contract.ts";

const shipped = (file: string) => fileURLToPath(new URL(`../../fixtures/petri-guest/built/${file}`, import.meta.url));

/** The guest the package ships: its ready line comes from the widest CPU mode there is. */
export const probeKernel = shipped("petri-guest.elf");
/** The same for a VMM that enters kernels in 64-bit mode. */
export const probeKernel64: MachineInput = { boot: { kind: "kernel", kernel: shipped("petri-guest64.elf") } };

/** The same guest on a disk, for a VMM that starts no kernel. */
const probeImage = shipped("petri-guest.img");
export const probeDisk: MachineInput = {
  boot: { kind: "uefi" },
  memory: { size: "128M" },
  disks: [{ file: probeImage, format: "raw" }],
};

export interface ProbeLimit {
  readonly ms: number;
  /** Running out of time is then an error, never "absent". */
  readonly isLastResort: boolean;
  /** An accelerator that cannot run 64-bit guests is of no use to this VMM. */
  readonly needsLongMode: boolean;
  /** A CPU model instead of the VMM's best one. */
  readonly cpuModel?: string;
  /** What is booted instead of the kernel. */
  readonly machine?: MachineInput;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs guest code under one accelerator and asks it how wide the CPU is. A device node, an ioctl and even running
 * 16-bit firmware prove nothing: only a guest that answers does.
 */
export async function probeAccelerator(
  vmm: Vmm,
  host: Host,
  soFar: Detection,
  accelerator: AcceleratorName,
  limit: ProbeLimit,
): Promise<AcceleratorFinding> {
  const run = newRunDirectory();
  const traceDir = join(run.path, "probe");
  const started = performance.now();
  const model = limit.cpuModel === undefined ? {} : { cpuModel: limit.cpuModel };
  const assumed = { ...soFar, accelerators: [{ name: accelerator, works: true, reason: "being probed", ...model }] };
  const machine = machineSchema.parse({
    ...{ name: "probe", memory: { size: "64M" } },
    ...(limit.machine ?? { boot: { kind: "kernel", kernel: probeKernel } }),
  });
  const stop = new AbortController();
  let launching: Promise<RunningVmm> | undefined;
  try {
    const clockStart = process.hrtime.bigint();
    mkdirSync(traceDir, { recursive: true });
    TraceWriter.open(traceDir, { clockStart }).close();
    const answer = watchFile(join(traceDir, "com1.log"));
    const paths = { runDir: run.path, traceDir, hasFifos: host.hasFifos };
    launching = vmm.launch(vmm.plan(machine, paths, assumed, accelerator), paths, host, {
      clockStart,
      signal: stop.signal,
      onBytes: answer.look,
      onFault: answer.fail,
    });
    const running = await withDeadline(launching, limit);
    running.onEvent(({ kind, evidence }) => kind === "vmm-error" && answer.fail(new Error(evidence.join("; "))));
    void running.ended.then((end) => answer.fail(new Error(end.stderrTail || "the VMM ended")));
    await withDeadline(running.resume(), limit);
    await withDeadline(answer.until(/petri-guest ready \w+/), limit);
    const bootMs = Math.round(performance.now() - started);
    running.write("com1", Buffer.from("info\n"));
    const mode = Number((await withDeadline(answer.until(/mode=(\d+) /), limit))[1]);
    const cpuMode = mode === 64 ? 64 : 32;
    if (limit.needsLongMode && cpuMode !== 64) {
      const reason = `it opens and ran 32-bit guest code in ${bootMs} ms, but its CPU has no long mode: 64-bit guests cannot run`;
      return { name: accelerator, works: false, cpuMode, bootMs, reason };
    }
    return {
      name: accelerator,
      works: true,
      ...model,
      cpuMode,
      bootMs,
      reason: `ran ${cpuMode}-bit guest code in ${bootMs} ms`,
    };
  } catch (error) {
    limit.signal?.throwIfAborted();
    if (error === outOfTime && limit.isLastResort) {
      throw new HostError(
        `${vmm.name} under ${accelerator} ran no guest code within ${limit.ms} ms: the host is too slow or the VMM is broken\n  run petri doctor again on a quieter host`,
      );
    }
    const reason =
      error === outOfTime
        ? `it opens, but 64-bit guest code did not run within ${limit.ms} ms`
        : (error as Error).message
            .trim()
            .replaceAll(/\n\s*it said:/g, "; it said:")
            .replaceAll(/\s+/g, " ");
    return { name: accelerator, works: false, reason };
  } finally {
    // A VMM that is still starting is ended too.
    stop.abort(outOfTime);
    await launching?.then(
      (running) => running.quit(),
      () => {},
    );
    run.remove();
  }
}

const outOfTime = new Error("out of time");

function withDeadline<T>(work: Promise<T>, limit: ProbeLimit): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(outOfTime), limit.ms);
    const abort = () => reject(limit.signal?.reason);
    limit.signal?.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      limit.signal?.removeEventListener("abort", abort);
    });
  });
}

function watchFile(path: string) {
  let waiting: { pattern: RegExp; resolve: (match: RegExpExecArray) => void; reject: (e: Error) => void } | undefined;
  let failed: Error | undefined;
  const look = () => {
    const match = waiting?.pattern.exec(readFileSync(path, "latin1"));
    if (match) waiting?.resolve(match);
  };
  return {
    look,
    fail(error: Error) {
      failed ??= error;
      waiting?.reject(failed);
    },
    until(pattern: RegExp): Promise<RegExpExecArray> {
      return new Promise((resolve, reject) => {
        waiting = { pattern, resolve, reject };
        if (failed) reject(failed);
        else look();
      });
    },
  };
}
