export interface HeartbeatOptions {
  /** The longest silence, in milliseconds of running time. */
  readonly withinMs: number;
  /** Called once for each expiry, with how long it was silent. */
  readonly onSilence: (silentMs: number) => void;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/**
 * Counts how long a running guest says nothing, from its first sign of life in each boot: how long it takes to that is
 * for boot timeouts to judge. Time in which the machine stands still does not count.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #now: () => number;
  #isRunning = false;
  #hasBegun = false;
  /** Silence so far, without the stretch that is under way. */
  #silentMs = 0;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Another boot begins: it is waited for its first sign of life. */
  boot(): void {
    this.#hasBegun = false;
    this.#count(this.#isRunning, 0);
  }

  /** A sign of life. */
  beat(): void {
    this.#hasBegun = true;
    this.#count(this.#isRunning, 0);
  }

  /** Whether the guest can say anything at all. */
  set isRunning(isRunning: boolean) {
    this.#count(isRunning, this.#silent());
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  #silent(): number {
    return this.#silentMs + (this.#isRunning ? this.#now() - this.#since : 0);
  }

  #count(isRunning: boolean, silentMs: number): void {
    this.#isRunning = isRunning;
    this.#silentMs = silentMs;
    this.#since = this.#now();
    clearTimeout(this.#timer);
    if (!isRunning || !this.#hasBegun) return;
    // What the guest said while the loop was busy is heard before the silence counts as over.
    const look = () => setImmediate(() => setImmediate(() => this.#look()));
    this.#timer = setTimeout(look, Math.max(0, Math.ceil(this.#options.withinMs - silentMs)));
  }

  #look(): void {
    if (!this.#isRunning || !this.#hasBegun) return;
    const silentMs = this.#silent();
    if (silentMs < this.#options.withinMs) return this.#count(true, silentMs);
    this.#hasBegun = false;
    this.#options.onSilence(silentMs);
  }
}
