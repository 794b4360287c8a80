import { z } from "zod";
import { consoleNames } from "../../machine/machine.ts";

/** Names in a kept VM's run directory. */
export const socketName = "attach";
export const factsName = "kept.json";
export const gdbName = "gdb";

/** Of a VM that is kept, for whoever looks for one. */
export const keptFacts = z.object({
  /** What it is called by: unique on this machine while it is kept. */
  name: z.string(),
  test: z.string(),
  /** The first line of the failure. */
  failure: z.string(),
  vmm: z.string(),
  traceDir: z.string(),
  consoles: z.array(z.enum(consoleNames)),
  /** A command line that logs in to the guest. */
  ssh: z.string().optional(),
});
export type KeptFacts = z.output<typeof keptFacts>;

export const keptActions = ["info", "pause", "resume", "discard", "registers", "screenshot", "gdb"] as const;
export type KeptAction = (typeof keptActions)[number];

/** The one line that a client sends; after that of a console the connection is the console, both ways. */
export const keptRequest = z.union([
  z.object({ do: z.enum(keptActions) }),
  z.object({ do: z.literal("console"), console: z.enum(consoleNames) }),
]);
export type KeptRequest = z.output<typeof keptRequest>;

/** The one line it gets back. `text` is what there is to show; `error` says why it was not done. */
export const keptReply = z.object({ text: z.string().optional(), error: z.string().optional() });
export type KeptReply = z.output<typeof keptReply>;

/** The first line of a stream, and what of it lies behind; undefined while it has no end. */
export function firstLine(bytes: Buffer): { line: string; rest: Buffer } | undefined {
  const end = bytes.indexOf(0x0a);
  return end < 0 ? undefined : { line: bytes.subarray(0, end).toString("utf8"), rest: bytes.subarray(end + 1) };
}

/** A request or a reply is no longer: who sends more speaks something else. */
export const longestLine = 1_000_000;
