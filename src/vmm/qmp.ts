import { z } from "zod";
import type { ControlLine, Recording } from "../host/recording.ts";
import { VmmError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";

/**
 * A client of QMP, QEMU's control protocol (docs/interop/qmp-spec): one JSON object a line, a greeting first, then
 * capabilities negotiation. petri-v86 speaks the same framing with events of its own.
 */

const message = z.union([
  z.object({ QMP: z.looseObject({}) }),
  z.object({ return: z.unknown(), id: z.number().optional() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() }),
]);

export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Nanoseconds since the trace's start. */
  readonly at: number;
  readonly offsets: Readonly<Partial<Record<ConsoleName, number>>>;
  /** The line as received: evidence. */
  readonly line: string;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class QmpClient {
  private readonly recording: Recording;
  private readonly pending = new Map<number, Pending>();
  private readonly onEvent: (event: QmpEvent) => void;
  private nextId = 1;
  private closed: Error | undefined;
  private greeted = () => {};
  private readonly greeting: Promise<void>;

  constructor(recording: Recording, onEvent: (event: QmpEvent) => void) {
    this.recording = recording;
    this.onEvent = onEvent;
    this.greeting = new Promise((resolve) => {
      this.greeted = resolve;
    });
  }

  /** True once nothing will be answered any more. */
  get isClosed(): boolean {
    return this.closed !== undefined;
  }

  /** Takes one line from the control channel. */
  receive({ line, at, offsets }: ControlLine): void {
    const parsed = message.safeParse(parseJson(line));
    if (!parsed.success) return;
    const body = parsed.data;
    if ("QMP" in body) return this.greeted();
    if ("event" in body) return this.onEvent({ name: body.event, data: body.data ?? {}, at, offsets, line });
    const pending = this.pending.get(body.id ?? -1);
    if (!pending) return;
    this.pending.delete(body.id ?? -1);
    if ("error" in body) pending.reject(new VmmError(`${pending.command} was refused: ${body.error.desc}`));
    else pending.resolve(body.return);
  }

  /** Resolves when the VMM takes commands. */
  async negotiate(): Promise<void> {
    await this.greeting;
    await this.execute("qmp_capabilities");
  }

  /** Runs one command. Rejects with VmmError if it is refused or the VMM ends first. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    if (this.closed) return Promise.reject(this.closed);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { command, resolve, reject });
      this.recording.control(JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id }));
    });
  }

  /** The channel is gone: what is pending will never be answered. */
  close(reason: Error): void {
    this.closed ??= reason;
    for (const pending of this.pending.values()) pending.reject(this.closed);
    this.pending.clear();
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
