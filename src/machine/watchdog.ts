import { z } from "zod";

/** Devices by which a machine resets a guest that stops petting them. */
const watchdogNames = ["i6300esb", "ib700", "itco", "wdat"] as const;
export type WatchdogName = (typeof watchdogNames)[number];

export const watchdogSchema = z
  .enum(["any", ...watchdogNames])
  .describe("a watchdog device; any takes the one the VMM has");
