import { UsageError } from "../machine/errors.ts";
import type { PowerEvent } from "../power/event.ts";
import { showDuration, timeoutMs, Wait } from "../power/wait.ts";
import { type AnyHit, AnySearch } from "./any-search.ts";
import type { ByteSource } from "./byte-source.ts";
import type { ConsoleState, Waiting } from "./console-state.ts";
import type { Missing, Sought } from "./looking.ts";
import { matchAt } from "./match.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { PendingWait } from "./pending-wait.ts";
import { type Hit, searchFor } from "./search.ts";
import { UnexpectedOutput } from "./unexpected-output.ts";
import type { WaitOptions } from "./wait-options.ts";
import { matchRecord, tolerance } from "./wait-record.ts";

export interface AbsenceOptions extends WaitOptions {
  /** How long it must not come: milliseconds, or `"5s"`. */
  during?: number | string;
  /**
   * It must not come before this: a pattern, or a promise. A power event that the promise fulfils with says at which
   * byte it happened; else what was printed by then counts. `timeout` is the time for it.
   */
  until?: string | RegExp | PromiseLike<unknown>;
}

interface AbsenceRequest {
  readonly offset: () => number;
  readonly timeoutMs: number;
  readonly began: () => void;
  readonly over: () => void;
  readonly failed: (reason: unknown) => void;
}

interface Absence {
  readonly title: string;
  readonly ms: number;
  start(request: AbsenceRequest): Waiting;
}

/** What `expectNot` is to do. Throws UsageError. */
export function absence(state: ConsoleState, pattern: string | RegExp, options: AbsenceOptions): Absence {
  const { during, until } = options;
  if ((during === undefined) === (until === undefined)) {
    throw new UsageError(
      [
        "expectNot needs one span, since nothing is never printed for ever:",
        '  { during: "5s" }, { until: "login:" } or { until: vm.power.next("shutdown") }',
      ].join("\n"),
    );
  }
  const unwanted = compilePattern(pattern, options);
  if (during !== undefined) return absenceDuring(state, unwanted, during, options);
  const timeout = timeoutMs(options.timeout, state.defaultTimeoutMs);
  if (typeof until === "string" || until instanceof RegExp) {
    return absenceBefore(state, unwanted, compilePattern(until, options), { ...options, timeout });
  }
  if (until && typeof until.then === "function") return absenceUntil(state, unwanted, until, { ...options, timeout });
  throw new UsageError("expectNot: until is a text, a regular expression or a promise");
}

function absenceDuring(
  state: ConsoleState,
  unwanted: Pattern,
  during: number | string,
  { signal }: AbsenceOptions,
): Absence {
  const ms = timeoutMs(during, state.defaultTimeoutMs, "during");
  const span = `for ${showDuration(ms)}`;
  return {
    title: `expectNot(${unwanted.title}, { during: ${JSON.stringify(during)} })`,
    ms,
    start: (request) =>
      new PendingWait(state, {
        ...common(state, unwanted, span, request),
        ...{ sought: searchFor(unwanted), signal },
        absence: { over: request.over, atDeadline: "over", atEnd: "over", awaited: awaited(state, unwanted, span) },
      }),
  };
}

function absenceUntil(
  state: ConsoleState,
  unwanted: Pattern,
  until: PromiseLike<unknown>,
  { signal, timeout }: AbsenceOptions & { readonly timeout: number },
): Absence {
  const what = until instanceof Wait ? until.title : "the promise given";
  const span = `until ${what} is fulfilled`;
  return {
    title: `expectNot(${unwanted.title}, { until: ${what} })`,
    ms: timeout,
    start: (request) => {
      const wait = new PendingWait(state, {
        ...common(state, unwanted, span, request),
        ...{ sought: searchFor(unwanted), signal },
        absence: {
          ...{ over: request.over, atDeadline: "timeout", atEnd: "goes on" },
          awaited: `${what}, and no ${unwanted.title} on ${state.name} before it,`,
        },
      });
      until.then(
        (value) => wait.close(offsetIn(value, state) ?? state.source.end),
        (reason: unknown) => wait.fail(reason),
      );
      return wait;
    },
  };
}

/** Both are looked for at once: what starts first decides. */
function absenceBefore(
  state: ConsoleState,
  unwanted: Pattern,
  until: Pattern,
  { signal, timeout }: AbsenceOptions & { readonly timeout: number },
): Absence {
  const sought: Sought<AnyHit> = {
    title: `${until.title} (and no ${unwanted.title} before it)`,
    lookFrom: (source, offset) => new SearchUntil(source, offset, unwanted, until),
    tolerant: undefined,
    advised: searchFor(until),
  };
  return {
    title: `expectNot(${unwanted.title}, { until: ${until.title} })`,
    ms: timeout,
    start: (request) => {
      const { result, asked, ...rest } = common(state, unwanted, `until ${until.title}`, request);
      return new PendingWait(state, {
        ...rest,
        ...{ sought, signal },
        asked: { ...asked, patterns: [unwanted.record, until.record] },
        result: (hit: AnyHit, offset, waitedMs) => ({
          error: hit.index === 0 ? result(hit, offset, waitedMs) : undefined,
          record: matchRecord(hit, hit.index),
        }),
        matches: ({ record }) => [record],
        found: ({ error }) => (error ? request.failed(error) : request.over()),
      });
    },
  };
}

function common(state: ConsoleState, unwanted: Pattern, span: string, request: AbsenceRequest) {
  const { offset, timeoutMs: ms, began, failed } = request;
  return {
    ...{ offset, timeoutMs: ms, began, failed },
    asked: { mode: "not", patterns: [unwanted.record], raw: unwanted.isRaw, ...tolerance(unwanted) } as const,
    matches: ({ match }: UnexpectedOutput) => [matchRecord(match)],
    result: (hit: Hit, from: number, waitedMs: number) => {
      const match = matchAt(state.source, from, hit, unwanted.skipsKernelLines);
      const context = state.describe();
      return new UnexpectedOutput({
        ...{ console: state.name, source: state.source },
        unwanted,
        span,
        match,
        waitedMs,
        context,
      });
    },
    found: failed,
  };
}

function awaited(state: ConsoleState, unwanted: Pattern, span: string): string {
  return `no ${unwanted.title} on ${state.name} ${span}`;
}

/** The end of the span is all that is missing. */
class SearchUntil extends AnySearch {
  readonly #until: Pattern;

  constructor(source: ByteSource, offset: number, unwanted: Pattern, until: Pattern) {
    super(source, offset, [unwanted, until]);
    this.#until = until;
  }

  override missing(): readonly Missing[] {
    return [this.#until];
  }
}

function offsetIn(value: unknown, state: ConsoleState): number | undefined {
  const { offsets } = (value ?? {}) as Partial<PowerEvent>;
  const offset = offsets?.[state.name];
  return typeof offset === "number" ? offset : undefined;
}
