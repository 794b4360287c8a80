import { UsageError } from "../machine/errors.ts";
import { parseDuration } from "../machine/size.ts";
import { printable } from "./printable.ts";
import type { WaitWatcher } from "./wait-watcher.ts";

/**
 * A promise that knows whether anybody ever asked for its result. A wait that was started and never awaited asserts
 * nothing, so it fails its test. Its rejection alone never ends the process: the test's end reports it instead.
 */
export class Wait<T> extends Promise<T> {
  /** What is awaited, for messages. */
  readonly title: string;
  readonly #onAwaited: (wait: Wait<unknown>) => void;

  constructor(
    title: string,
    executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
    onAwaited: (wait: Wait<unknown>) => void,
  ) {
    super(executor);
    this.title = title;
    this.#onAwaited = onAwaited;
    // Marks a rejection as handled without counting as awaited: this is not our `then`.
    super.then(undefined, () => {});
  }

  // `await`, Promise.all and Promise.race all come here: they adopt foreign promise classes through `then`.
  // biome-ignore lint/suspicious/noThenProperty: this class is a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#onAwaited(this);
    return super.then(onFulfilled, onRejected);
  }

  /** What `then` returns is a plain promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
}

/** The waits of one console or journal that nobody has awaited so far. */
export class Waits {
  readonly #unawaited = new Set<Wait<unknown>>();
  readonly #watcher: WaitWatcher | undefined;

  constructor(watcher?: WaitWatcher) {
    this.#watcher = watcher;
  }

  start<T>(title: string, executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void): Wait<T> {
    const start = new Error("started here");
    const watched = this.#watched(title);
    const wait = new Wait<T>(
      title,
      (resolve, reject) =>
        executor(
          (value) => {
            watched(true);
            resolve(value);
          },
          (reason) => {
            watched(false);
            reject(startedAt(start, reason));
          },
        ),
      (awaited) => this.#unawaited.delete(awaited),
    );
    this.#unawaited.add(wait);
    return wait;
  }

  unawaited(): string[] {
    return [...this.#unawaited].map((wait) => wait.title);
  }

  /** Tells the watcher, and returns what tells it of the end: an executor may settle its wait more than once. */
  #watched(title: string): (isMet: boolean) => void {
    let isOver = false;
    this.#watcher?.began(title);
    return (isMet) => {
      if (isOver) return;
      isOver = true;
      this.#watcher?.ended(title, isMet);
    };
  }
}

/** Waits fail in timers and sockets, whose stack leads nowhere: the caller's frames follow, as an `await`'s would. */
function startedAt({ stack = "" }: Error, reason: unknown): unknown {
  if (!(reason instanceof Error) || reason.stack === undefined || placed.has(reason)) return reason;
  placed.add(reason);
  reason.stack += `\n${stack.split("\n").slice(2).join("\n")}`;
  return reason;
}

/** One reason may fail many waits. */
const placed = new WeakSet<Error>();

/** Milliseconds of a `timeout` option: a number of them, or `"5s"`. Throws UsageError for anything else. */
export function timeoutMs(timeout: number | string | undefined, defaultMs: () => number, option = "timeout"): number {
  if (timeout === undefined) return defaultMs();
  if (typeof timeout === "number" && timeout >= 0) return timeout;
  try {
    return parseDuration(String(timeout));
  } catch (cause) {
    throw new UsageError(`${option}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** `250 ms`, `5 s`, `2 min 5 s`. */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
}

/** setTimeout's limit (2^31 - 1 ms, 24 days): longer, `Infinity` included, would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** The reason with a longer first line: what was awaited when it came. Class, exit code and own facts stay. */
export function reasonWithContext(reason: Error, message: string): Error {
  // Every PetriError and every plain Error takes (message, options); own facts are copied in case one takes more.
  const Kind = reason.constructor as new (message: string, options: ErrorOptions) => Error;
  const error = Object.assign(new Kind(message, { cause: reason }), reason);
  error.name = reason.name;
  return error;
}

/** Why a wait was not met, on one line: `GuestCrash: the guest crashed, and nobody expected it`. */
export function reasonRecord(reason: unknown): string {
  if (!(reason instanceof Error)) return printable(String(reason));
  return `${reason.name}: ${printable(reason.message.split("\n")[0] ?? "")}`;
}
