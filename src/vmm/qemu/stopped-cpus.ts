import { z } from "zod";
import type { QmpClient } from "../qmp.ts";
import { type CpuState, readBytes, readCpuStates } from "./cpu-state.ts";
import type { StoppedCpu } from "./reset-cause.ts";

const pageBytes = 4096n;
/** OVMF's drivers are a few pages long; each is loaded at a page, behind its PE header. */
const driverPages = 16n;
/** IMAGE_SUBSYSTEM_EFI_RUNTIME_DRIVER (PE format, "Windows Subsystem"). */
const runtimeDriver = 12;

/** Reads what the vCPUs of a guest that stands still tell about how it came to that. */
export async function lookAtCpus(qmp: QmpClient, hasUefi: boolean): Promise<StoppedCpu[]> {
  const monitor = async (line: string, cpu?: number) =>
    z.string().parse(
      await qmp.execute("human-monitor-command", {
        "command-line": line,
        ...(cpu === undefined ? {} : { "cpu-index": cpu }),
      }),
    );
  const looked: StoppedCpu[] = [];
  for (const cpu of readCpuStates(await monitor("info registers -a"))) {
    const bytesAt = async (address: bigint, count: number) =>
      readBytes(await monitor(`x /${count}xb 0x${address.toString(16)}`, cpu.index));
    looked.push({
      ...cpu,
      code: cpu.address < 2n ? [] : await bytesAt(cpu.address - 2n, 2),
      isInFirmware: hasUefi && cpu.dx === 0xcf9 && (await isInRuntimeDriver(cpu, bytesAt)),
    });
  }
  return looked;
}

/** Looks back for the header of the image that the vCPU runs. */
async function isInRuntimeDriver(
  { address }: CpuState,
  bytesAt: (address: bigint, count: number) => Promise<number[]>,
): Promise<boolean> {
  const page = address - (address % pageBytes);
  for (let back = 0n; back < driverPages && back * pageBytes <= page; back++) {
    const header = page - back * pageBytes;
    const dos = Buffer.from(await bytesAt(header, 64));
    if (dos.length < 64) return false;
    if (dos.toString("latin1", 0, 2) !== "MZ") continue;
    const pe = Buffer.from(await bytesAt(header + BigInt(dos.readUInt32LE(0x3c) % Number(pageBytes)), 94));
    return pe.length === 94 && pe.toString("latin1", 0, 4) === "PE\0\0" && pe.readUInt16LE(92) === runtimeDriver;
  }
  return false;
}
