import { Duplex } from "node:stream";
import { HostError } from "../../machine/errors.ts";
import { errno, errorText } from "./linux-words.ts";
import { PartReader } from "./part-streams.ts";
import { streamKind } from "./protocol.ts";
import type { AgentSession } from "./session.ts";
import { AgentRefusal } from "./stream.ts";

/** A stream to that TCP port of the guest's 127.0.0.1. */
export async function dialByAgent(session: AgentSession, port: number, signal: AbortSignal): Promise<Duplex> {
  const reader = new PartReader(1);
  const payload = Buffer.of(port >>> 8, port & 0xff);
  signal.throwIfAborted();
  const sink = {
    data: (_: number, bytes: Buffer) => reader.arrive(Buffer.from(bytes)),
    end: () => reader.finish(),
    exit: (code: number) => {
      if (code === 0) reader.finish();
      else reader.destroy(new HostError(`the guest's port ${port}: ${errorText(code)}`));
    },
    lost: (reason: Error) => void reader.destroy(reason),
  };
  const stream = await session.openStream({ kind: streamKind.dial, payload, sink }).catch((error) => {
    if (!(error instanceof AgentRefusal)) throw error;
    const why = error.errno === errno.refused ? "nobody listens on it" : errorText(error.errno);
    throw new HostError(`the guest's port ${port} cannot be reached: ${why}`);
  });
  reader.stream = stream;
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => reader.resume(),
    write: (chunk: Buffer, _, done) => stream.write(chunk, done),
    final: (done) => {
      stream.end();
      done();
    },
    destroy: (error, done) => {
      reader.destroy();
      stream.close();
      done(error);
    },
  });
  reader.on("data", (chunk: Buffer) => {
    if (!duplex.push(chunk)) reader.pause();
  });
  reader.once("end", () => duplex.push(null));
  reader.once("error", (error) => duplex.destroy(error));
  duplex.on("error", () => {});
  return duplex;
}
