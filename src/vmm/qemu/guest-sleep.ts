import { TimeoutError, VmmError } from "../../machine/errors.ts";

/** Linux freezes its processes for at most 20 s before it sleeps (kernel/power/process.c, freeze_timeout_msecs). */
const asleepWithinMs = 30_000;

/** Follows a guest through ACPI S3: QEMU refuses to wake one that does not sleep yet. */
export class GuestSleep {
  readonly #wakeUp: () => Promise<unknown>;
  #isAsleep = false;
  #isOver = false;
  #changed = () => {};

  constructor(wakeUp: () => Promise<unknown>) {
    this.#wakeUp = wakeUp;
  }

  /** Takes the name of each QMP event, in order. */
  take(event: string): void {
    if (event === "SUSPEND") this.#isAsleep = true;
    if (event === "WAKEUP" || event === "RESET") this.#isAsleep = false;
    this.#changed();
  }

  end(): void {
    this.#isOver = true;
    this.#changed();
  }

  async wake(): Promise<void> {
    await this.#untilAsleep();
    this.#isAsleep = false;
    await this.#wakeUp();
  }

  #untilAsleep(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => {
        const advice = "make it suspend first: guest.suspend()";
        reject(new TimeoutError(`the guest did not fall asleep within ${asleepWithinMs / 1000} s\n  ${advice}`));
      };
      const timer = setTimeout(late, asleepWithinMs);
      this.#changed = () => {
        if (this.#isAsleep) resolve();
        else if (this.#isOver) reject(new VmmError("the VMM ended while its guest was to be woken"));
        else return;
        clearTimeout(timer);
        this.#changed = () => {};
      };
      this.#changed();
    });
  }
}
