import { crc32 } from "node:zlib";
import { HostError, UsageError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { reasonWithContext } from "../../power/wait.ts";
import { errorText } from "./linux-words.ts";
import { streamKind, u32 } from "./protocol.ts";
import type { AgentSession } from "./session.ts";
import { AgentRefusal, type AgentStream, type StreamSink } from "./stream.ts";

/** Makes or replaces a file of the guest at once: it has its name only when it is whole. */
export async function putFile(
  session: AgentSession,
  path: string,
  bytes: Uint8Array,
  mode: number,
  signal: AbortSignal,
): Promise<void> {
  const file = printable(path);
  const transfer = new Transfer();
  const payload = Buffer.concat([u32(mode), pathBytes(path)]);
  const opening = { kind: streamKind.put, payload, sink: transfer };
  const stream = await open(session, opening, `${file} cannot be written in the guest`);
  transfer.run(stream, signal);
  stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), () => {});
  stream.end(u32(crc32(bytes)));
  const errno = await transfer.ended(`${file} was not written whole in the guest`);
  if (errno !== 0) throw new HostError(`${file} was not written whole in the guest: ${errorText(errno)}`);
}

export async function getFile(session: AgentSession, path: string, signal: AbortSignal): Promise<Buffer> {
  const file = printable(path);
  const transfer = new Transfer();
  const opening = { kind: streamKind.get, payload: pathBytes(path), sink: transfer };
  const stream = await open(session, opening, `${file} cannot be read in the guest`);
  transfer.run(stream, signal);
  const errno = await transfer.ended(`${file} was not read whole from the guest`);
  if (errno !== 0) throw new HostError(`${file} cannot be read in the guest: ${errorText(errno)}`);
  const bytes = transfer.bytes();
  if (transfer.sum === crc32(bytes)) return bytes;
  throw new HostError(`${file} was not read whole from the guest: its checksum is another one`);
}

async function open(
  session: AgentSession,
  opening: Parameters<AgentSession["openStream"]>[0],
  what: string,
): Promise<AgentStream> {
  try {
    return await session.openStream(opening);
  } catch (error) {
    if (error instanceof AgentRefusal) throw new HostError(`${what}: ${errorText(error.errno)}`);
    throw withContext(error, what);
  }
}

/** The channel was lost: what it was doing is said, too. */
function withContext(error: unknown, what: string): unknown {
  return error instanceof HostError ? reasonWithContext(error, `${what}: ${error.message}`) : error;
}

/** Linux's PATH_MAX, less what the agent appends while a file is not whole. */
const mostPathBytes = 4_064;

function pathBytes(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (path !== "" && !path.includes("\0") && bytes.length < mostPathBytes) return bytes;
  throw new UsageError(`${JSON.stringify(printable(path))} is no path of a guest's`);
}

/** A file on its way, either way. */
class Transfer implements StreamSink {
  /** The checksum that the guest tells of what it sent. */
  sum: number | undefined;
  readonly #chunks: Buffer[] = [];
  #early = 0;
  #stream: AgentStream | undefined;
  #settle: (errno: number) => void = () => {};
  #fail: (reason: Error) => void = () => {};
  readonly #end = new Promise<number>((resolve, reject) => {
    this.#settle = resolve;
    this.#fail = reject;
  });

  constructor() {
    this.#end.catch(() => {});
  }

  run(stream: AgentStream, signal: AbortSignal): void {
    this.#stream = stream;
    if (this.#early > 0) stream.takes(1, this.#early);
    const abort = () => {
      stream.close();
      this.#fail(signal.reason);
    };
    signal.addEventListener("abort", abort);
    const release = () => signal.removeEventListener("abort", abort);
    this.#end.then(release, release);
    if (signal.aborted) abort();
  }

  /** Resolves to the guest's errno, 0 for a whole file. */
  async ended(what: string): Promise<number> {
    try {
      return await this.#end;
    } catch (error) {
      throw withContext(error, what);
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  data(_: number, bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
    if (this.#stream) this.#stream.takes(1, bytes.length);
    else this.#early += bytes.length;
  }

  end(_: number, payload: Buffer): void {
    if (payload.length === 4) this.sum = payload.readUInt32LE(0);
  }

  exit(code: number): void {
    this.#settle(code);
  }

  lost(reason: Error): void {
    this.#fail(reason);
  }
}
