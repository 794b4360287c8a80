/** Ends this process at once: a run whose user cannot wait, or a worker that is done. */
export function leave(exitCode?: number): never {
  process.exit(exitCode);
}
