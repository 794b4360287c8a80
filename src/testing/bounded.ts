import { HostError } from "../machine/errors.ts";

// Tests may install fake timers.
const { setTimeout, clearTimeout } = globalThis;

/** The promise, or a HostError after `ms`: teardown always ends. */
export async function bounded<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HostError(`${what} did not end within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
