/** Something that will run later unless it is cancelled. */
export interface Scheduled {
  cancel(): void;
}

/** Time as a console's waits see it. A replay puts recorded time in its place. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  after(ms: number, run: () => void): Scheduled;
  /** When the arrivals that are already here have been delivered. */
  soon(run: () => void): Scheduled;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  soon(run) {
    const immediate = setImmediate(run);
    return { cancel: () => clearImmediate(immediate) };
  },
};
