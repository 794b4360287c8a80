import type { Clock, Scheduled } from "../../console/clock.ts";

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when told to: what is due runs in order, at its own time, and nobody sleeps. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #soon = new Set<Task>();
  readonly #timers = new Set<Task>();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Scheduled {
    return schedule(this.#timers, { at: this.#now + ms, run });
  }

  soon(run: () => void): Scheduled {
    return schedule(this.#soon, { at: this.#now, run });
  }

  /** Runs the one thing that is due next, by `ms` at the latest; false, and the time is `ms`, if there is none. */
  step(ms: number): boolean {
    const [soon] = this.#soon;
    const next = soon ?? this.#earliest(ms);
    this.#now = Math.max(this.#now, next ? next.at : ms);
    if (!next) return false;
    (soon ? this.#soon : this.#timers).delete(next);
    next.run();
    return true;
  }

  /** Runs what is due now, and what follows from it. */
  settle(): void {
    this.runTo(this.#now);
  }

  /** Lets time pass up to `ms`. */
  runTo(ms: number): void {
    while (this.step(ms));
  }

  #earliest(ms: number): Task | undefined {
    let earliest: Task | undefined;
    for (const task of this.#timers) if (task.at <= ms && !(task.at >= (earliest?.at ?? Infinity))) earliest = task;
    return earliest;
  }
}

function schedule(tasks: Set<Task>, task: Task): Scheduled {
  tasks.add(task);
  return { cancel: () => void tasks.delete(task) };
}
