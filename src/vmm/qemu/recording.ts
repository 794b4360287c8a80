import { join } from "node:path";
import { UnsupportedError } from "../../machine/errors.ts";
import type { Machine } from "../../machine/machine.ts";
import { recordingFile } from "../../trace/writer.ts";
import type { RunPaths } from "../contract.ts";
import { escapeOption } from "./disks.ts";

type Refuse = (axis: string, reason: string) => void;

/** One instruction takes 2^3 ns, as under warp: a recorded guest's time goes by its instructions, too. */
const shift = "shift=3";

/** A debugger that goes back starts from a snapshot, and goes forward: QEMU keeps one on a disk, not seen by the guest. */
const snapshotDrive = ["-drive", "if=none,id=start,snapshot=on,file=null-co://"];
export const takeSnapshot = { "command-line": "savevm start" };

/** What makes QEMU record a run, or repeat one (qemu(1), "-icount"; docs/system/replay.rst). */
export function recordingArguments({ record }: Machine, paths: RunPaths): string[] {
  const { replay } = paths;
  if (replay) {
    const args = ["-icount", `${shift},rr=replay,rrfile=${escapeOption(replay.recording)}`];
    return replay.isReversible ? [...args, ...snapshotDrive] : args;
  }
  if (!record) return [];
  return ["-icount", `${shift},rr=record,rrfile=${escapeOption(join(paths.traceDir, recordingFile))}`];
}

/** What QEMU 7.2 cannot record so that its replay does the same: measured where it says so, else read in its manual. */
export function refuseRecording(machine: Machine, refuse: Refuse): void {
  const { boot, clock, disks, nics, consoles, filesystems, rng, vsock, display, power, ports, rtc } = machine;
  const cannot = (axis: string, what: string) => refuse(axis, `a recording cannot hold ${what}; leave it out`);
  for (const [kind, action] of Object.entries(power)) {
    if (action !== "reset" || (kind === "watchdog" && machine.watchdog === undefined)) continue;
    refuse(`power.${kind}`, `QEMU cannot go on recording behind a reset; write halt or exit for ${kind}`);
  }
  if (clock === "warp") refuse("record", "a recording has a time of its own; leave clock out");
  if (rtc !== "utc") cannot("rtc", "a clock chip that starts from another time than the host's");
  if (boot.kind === "uefi")
    refuse("boot", "the replay of UEFI firmware stops half-way (seen with OVMF); write pcat or kernel");
  for (const [index, { bus, dvd, persist }] of disks.entries()) {
    if (bus === "floppy" || dvd) cannot(`disks[${index}]`, "floppies and optical drives");
    if (persist) cannot(`disks[${index}].persist`, "a disk that keeps its writes: it would not be as it was");
  }
  if (nics.length > 0) cannot("nics", "what comes by network");
  if ((consoles.hvc0 ?? "none") !== "none") cannot("consoles.hvc0", "what is typed on a virtio console");
  if (filesystems.length > 0) cannot("filesystems", "a folder of the host");
  if (ports.length > 0) cannot("ports", "what comes by virtio-serial");
  if (rng) cannot("rng", "an entropy device");
  if (vsock) cannot("vsock", "a vsock");
  if (typeof display === "object") cannot("display", "what is typed by VNC");
}

/**
 * A socket is full after some 280 bytes, and at which instruction QEMU then goes on is not recorded. Throws
 * UnsupportedError where consoles are sockets.
 */
export function needPipes({ record }: Machine, { hasFifos }: RunPaths): void {
  if (!record || hasFifos) return;
  throw new UnsupportedError("record: it needs consoles on named pipes, which this host has none of: leave it out");
}
