import type { Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";

/**
 * One instruction takes 2^3 ns of the guest's time, so that a busy guest's clock goes about as fast as the host's: a
 * slower processor would let the timeouts of a Linux that is starting end too soon.
 */
const nanosecondsShift = 3;

/** Whether the guest's time goes by its instructions: only under TCG does QEMU count them. */
export const countsInstructions = ({ clock, record }: Pick<Machine, "clock" | "record">) =>
  clock === "warp" || record === true;

/**
 * Under warp the guest's clock counts its instructions, and while every vCPU is idle it goes to the next timer at once
 * (qemu(1), "-icount"; `shift=auto` cannot do that). The RTC keeps that time, too: else it would contradict the rest.
 */
export function clockArguments({ clock, rtc }: Pick<Machine, "clock" | "rtc">): string[] {
  const chip = [...(rtc === "utc" ? [] : [`base=${rtc}`]), ...(clock === "real" ? [] : ["clock=vm"])];
  return [
    ...(clock === "real" ? [] : ["-icount", `shift=${nanosecondsShift},sleep=off`]),
    ...(chip.length === 0 ? [] : ["-rtc", chip.join(",")]),
  ];
}

export function refuseClock(
  machine: Pick<Machine, "clock" | "record">,
  accelerator: AcceleratorName,
  refuse: (axis: string, reason: string) => void,
): void {
  if (accelerator === "tcg" || !countsInstructions(machine)) return;
  refuse(
    machine.record ? "record" : "clock",
    `under ${accelerator} the guest has the host's time; write tcg, or leave the accelerator out`,
  );
}
