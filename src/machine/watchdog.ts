import { z } from "zod";
import { consoleNames } from "./console-backend.ts";
import { durationSchema } from "./size.ts";

/** Devices by which a machine resets a guest that stops petting them. */
const watchdogNames = ["i6300esb", "ib700", "itco", "wdat"] as const;
export type WatchdogName = (typeof watchdogNames)[number];

/** A watchdog kept by Petri, for VMMs without a device: the guest's sign of life is that a console says something. */
const heartbeatSchema = z.strictObject({
  heartbeat: durationSchema
    .refine((ms) => ms > 0, "write a time above 0")
    .describe("the longest that the guest may be silent, of the time it runs, once it has said its first byte"),
  console: z.enum(consoleNames).default("com1"),
});

export const watchdogSchema = z
  .union([z.enum(["any", ...watchdogNames]), heartbeatSchema], {
    error: (issue) =>
      typeof issue.input === "object"
        ? 'write { heartbeat: "10s", console: "com1" }'
        : `write any, ${watchdogNames.slice(0, -1).join(", ")}, ${watchdogNames.at(-1)} or { heartbeat: "10s" }`,
  })
  .describe("a watchdog device; any takes the one the VMM has; a heartbeat is kept by Petri on any VMM");

type Watchdog = z.output<typeof watchdogSchema>;

/** The device asked for; undefined for none, and for a heartbeat, which needs none. */
export function watchdogDevice(watchdog: Watchdog | undefined): "any" | WatchdogName | undefined {
  return typeof watchdog === "string" ? watchdog : undefined;
}
