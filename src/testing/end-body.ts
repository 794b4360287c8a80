/**
 * Ends a running test body, and the fixtures it waits for, even where they are stuck in a promise that never settles.
 * vitest races both with its context's signal (`withCancel` in @vitest/runner 4.1): whoever listens is told, with our
 * reason, but the signal itself is not aborted, because vitest uses the same one again when it retries the test.
 */
export function endBody(signal: AbortSignal, reason: Error): void {
  Object.defineProperty(signal, "reason", { value: reason, configurable: true });
  try {
    signal.dispatchEvent(new Event("abort"));
  } finally {
    Reflect.deleteProperty(signal, "reason");
  }
}

// Tests may install fake timers.
const { setImmediate } = globalThis;

/**
 * Lets everything that follows from a rejection happen first: a body that waits for the VM fails by itself, with the
 * line it waits at and what it waited for, which says more than the bare reason.
 */
export async function bodyHadItsTurn(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
