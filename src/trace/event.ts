import { z } from "zod";
import { bootPhases } from "../console/phases/phase.ts";
import { actionSchema, consoleNames } from "../machine/machine.ts";
import type { PowerCause, PowerEvent, PowerKind } from "../power/event.ts";

/**
 * One line of `events.jsonl`. Every record has `t`, nanoseconds since the trace's start on the host's monotonic
 * clock, and `kind`. Records of one thread are in order of `t`; those of two threads may be interleaved out of it.
 */

/** Keys from a record that the compiler keeps complete: a kind added to the power room must be added here. */
const enumOf = <K extends string>(keys: Record<K, true>) => z.enum(Object.keys(keys) as [K, ...K[]]);

const powerKind = enumOf<PowerKind>({
  reset: true,
  shutdown: true,
  hibernate: true,
  crash: true,
  watchdog: true,
  halted: true,
  "vmm-error": true,
});

const powerCause = enumOf<PowerCause>({
  "triple-fault": true,
  "kernel-panic": true,
  "acpi-s5": true,
  "acpi-s4": true,
  "keyboard-controller": true,
  cf9: true,
  port92: true,
  "acpi-reset": true,
  "firmware-reset": true,
  pvpanic: true,
  i6300esb: true,
  ib700: true,
  itco: true,
  wdat: true,
  heartbeat: true,
  "debug-exit": true,
  host: true,
  unknown: true,
});

const t = z.number().nonnegative();
const count = z.number().int().nonnegative();
const consoleName = z.enum(consoleNames);

const powerEvent = z.object({
  kind: powerKind,
  cause: powerCause,
  action: z.union([z.literal("none"), actionSchema]),
  evidence: z.array(z.string()),
  confidence: z.enum(["reported", "inferred"]),
  at: t,
  offsets: z.partialRecord(consoleName, count),
  index: count,
}) satisfies z.ZodType<PowerEvent>;

/** `begin` and `end` of one span share an `id`, unique in the trace. */
const span = { phase: z.enum(["begin", "end"]), id: z.number().int(), error: z.string().optional() };

export const traceEventSchema = z.discriminatedUnion("kind", [
  /** The first line. `startedAt` is the wall clock (ISO 8601) at `t` 0. */
  z.object({ t, kind: z.literal("start"), version: z.number().int(), startedAt: z.string() }),
  /** The guest printed `length` bytes: they are at `offset` of `<console>.log`. */
  z.object({ t, kind: z.literal("console"), console: consoleName, offset: count, length: count }),
  /**
   * Bytes sent to the guest, when the console had printed `offset` bytes: `text` if they are UTF-8, else `base64`,
   * or only their number when they are a secret.
   */
  z.object({
    t,
    kind: z.literal("input"),
    console: consoleName,
    offset: count,
    text: z.string().optional(),
    base64: z.string().optional(),
    hidden: count.optional(),
  }),
  /** One line on the VMM's control channel, without its newline. `in` is from the VMM. */
  z.object({ t, kind: z.literal("control"), direction: z.enum(["in", "out"]), line: z.string() }),
  z.object({ t, kind: z.literal("power"), event: powerEvent }),
  /**
   * The oracle found a report of `length` bytes at `offset` of `<console>.log`. `verdict`: it failed the VM
   * (`unexpected`), or belongs to a crash that had (`known`), was `allowed`, or is only `reported`, by the policy.
   */
  z.object({
    t,
    kind: z.literal("finding"),
    console: consoleName,
    title: z.string(),
    type: z.string(),
    os: z.string(),
    severity: z.enum(["crash", "warning"]),
    offset: count,
    length: count,
    report: z.string(),
    corrupted: z.boolean(),
    isFinal: z.boolean(),
    verdict: z.enum(["unexpected", "known", "allowed", "reported"]),
  }),
  /** A command given to the guest by a driver (`serial`, `ssh`, `vsock`). The end says how it went. */
  z.object({
    t,
    kind: z.literal("driver"),
    ...span,
    driver: z.string(),
    command: z.string(),
    exitCode: z.number().int().nullable().optional(),
  }),
  /** A stream of TAP, read of a program or a console (`title`). The end's `error` says why it is not to be trusted. */
  z.object({ t, kind: z.literal("tap"), ...span, title: z.string() }),
  /** A result of that `stream`, `depth` subtests deep; those of a subtest come before the result they belong to. */
  z.object({
    t,
    kind: z.literal("tap-point"),
    stream: count,
    depth: count,
    number: count,
    name: z.string(),
    outcome: z.enum(["passed", "failed", "skipped", "todo"]),
    reason: z.string().optional(),
  }),
  /** A step of the test, as its author would call it: `expect com1 to print /login:/`. */
  z.object({ t, kind: z.literal("step"), ...span, title: z.string(), ok: z.boolean().optional() }),
  /** The life of the VMM. */
  z.object({
    t,
    kind: z.literal("vm"),
    what: z.enum(["spawned", "resumed", "paused", "reset", "quit", "ended"]),
    pid: z.number().int().optional(),
    exitCode: z.number().int().nullable().optional(),
    signal: z.string().nullable().optional(),
  }),
  /** A boot (from 1) has got to a phase: by the line at `offset` of a console, or by the control channel. */
  z.object({
    t,
    kind: z.literal("phase"),
    phase: z.enum(bootPhases),
    boot: count,
    console: consoleName.optional(),
    offset: count.optional(),
    evidence: z.string(),
  }),
  /** A picture of the guest's display, as a file of the trace folder. */
  z.object({ t, kind: z.literal("picture"), file: z.string() }),
  z.object({ t, kind: z.literal("note"), text: z.string() }),
  /**
   * A wait began to look: for `patterns` on a console, from byte `from` on; or, `on` "power", for an event of the kind
   * `event`, or any, when `known` events had happened. Without `timeoutMs` it has no deadline.
   */
  z.object({
    t,
    kind: z.literal("wait"),
    id: count,
    on: z.union([consoleName, z.literal("power")]),
    mode: z.enum(["expect", "any", "not", "lines", "next", "find"]),
    patterns: z
      .array(z.union([z.object({ text: z.string() }), z.object({ source: z.string(), flags: z.string() })]))
      .optional(),
    raw: z.boolean().optional(),
    tolerant: z.boolean().optional(),
    order: z.enum(["consecutive", "any"]).optional(),
    from: count.optional(),
    event: powerKind.optional(),
    known: count.optional(),
    timeoutMs: t.optional(),
  }),
  /**
   * That wait settled, having looked up to byte `looked`, or when `known` events had happened. Why, if it was not met:
   * `timeout`; `ended`, nothing more would come; `unexpected`, another power event came first; `stopped`, from outside.
   */
  z.object({
    t,
    kind: z.literal("waited"),
    id: count,
    outcome: z.enum(["matched", "absent", "unexpected", "timeout", "ended", "stopped"]),
    by: z.enum(["text", "silence", "deadline", "end"]).optional(),
    looked: count.optional(),
    matches: z
      .array(
        z.object({
          start: count,
          end: count,
          text: z.string(),
          groups: z.record(z.string(), z.string()).optional(),
          pattern: count.optional(),
        }),
      )
      .optional(),
    known: count.optional(),
    index: count.optional(),
    event: powerKind.optional(),
    cause: powerCause.optional(),
    reason: z.string().optional(),
  }),
  /** Power events of these kinds, or the one at `index`, count as looked at; `known` events had happened. */
  z.object({
    t,
    kind: z.literal("waived"),
    kinds: z.array(powerKind).optional(),
    index: count.optional(),
    known: count,
  }),
  /** How the run was judged: the class of its ending, its exit code, why. */
  z.object({ t, kind: z.literal("verdict"), class: z.string(), exitCode: z.number().int(), reason: z.string() }),
]);

export type TraceEvent = z.output<typeof traceEventSchema>;

type Untimed<E> = E extends TraceEvent ? Omit<E, "t"> : never;
/** A record whose time is still to be taken. */
export type UntimedEvent = Untimed<TraceEvent>;
