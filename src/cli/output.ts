/**
 * Resolves when the stream has handed on all it was given, or has no reader any more. Node queues what a full pipe does
 * not take, and process.exit() throws the queue away.
 */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("close", resolve);
    stream.write("", () => resolve());
  });
}

/** Writes; what it returns is to be awaited before more is written, so that a slow reader costs no memory. */
export function writeTo(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.write(data)) return undefined;
  return new Promise((resolve) => {
    const settle = () => {
      stream.off("drain", settle).off("close", settle);
      resolve();
    };
    stream.once("drain", settle).once("close", settle);
  });
}
