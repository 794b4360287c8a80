import { VmmError } from "../../machine/errors.ts";

// The other side is fixtures/petri-agent/src/protocol.h, which says what each of these means.

export const [helloText, readyText] = ["petri-agent hello 1\n", "petri-agent ready 1\n"];
export const nonceBytes = 16;
const headerBytes = 8;
export const mostFrameBytes = 131_072;
export const mostDataBytes = 16_384;
/** Of each part of a stream that its reader has not taken yet. */
export const windowBytes = 131_072;
export const mostStreams = 64;

export const frameType = {
  open: 1,
  data: 2,
  end: 3,
  credit: 4,
  signal: 5,
  resize: 6,
  close: 7,
  opened: 8,
  failed: 9,
  exit: 10,
  ended: 11,
} as const;
export type FrameType = (typeof frameType)[keyof typeof frameType];

/** What a server says that took the place of a killed one. */
const startedAnew = 0xff;

export const streamKind = { run: 1, terminal: 2, put: 3, get: 4, dial: 5 } as const;
export type StreamKind = (typeof streamKind)[keyof typeof streamKind];

/** How far a program got that could not be started. */
export const stage = { start: 0, folder: 1, program: 2 } as const;

export interface Frame {
  readonly type: number;
  readonly part: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function encodeFrame({ type, part, stream, payload }: Frame): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt8(part, 1);
  bytes.writeUInt16LE(stream, 2);
  bytes.writeUInt32LE(payload.length, 4);
  payload.copy(bytes, headerBytes);
  return bytes;
}

export interface Program {
  readonly hasStdin: boolean;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

export function encodeProgram({ hasStdin, folder, environment, words }: Program): Buffer {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const texts = [folder, ...variables, ...words].map((text) => `${text}\0`).join("");
  return Buffer.concat([u16(hasStdin ? 1 : 0), u16(words.length), u16(variables.length), Buffer.from(texts)]);
}

export const u16 = (value: number) => Buffer.of(value & 0xff, value >>> 8);
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** Takes the agent's bytes as they come, cut anywhere. */
export class FrameReader {
  readonly #ready: Buffer;
  #kept: Buffer = Buffer.alloc(0);
  #isGreeted = false;

  /** `nonce` is what the greeting had: whatever comes before its echo is left of an earlier session. */
  constructor(nonce: Buffer) {
    this.#ready = Buffer.concat([Buffer.from(readyText), nonce]);
  }

  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  /** The frames that are whole by now. Throws VmmError for bytes that no agent says. */
  push(chunk: Uint8Array): Frame[] {
    this.#kept = this.#kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#kept, chunk]);
    if (!this.#isGreeted && !this.#greet()) return [];
    const frames: Frame[] = [];
    let at = 0;
    while (this.#kept.length - at >= headerBytes) {
      const [type, stream] = [this.#kept.readUInt8(at), this.#kept.readUInt16LE(at + 2)];
      const length = this.#kept.readUInt32LE(at + 4);
      if (type === startedAnew) throw new VmmError("it was killed in the guest, and has begun anew");
      if (type < frameType.data || type > frameType.ended || stream >= mostStreams || length > mostFrameBytes) {
        throw new VmmError(`what came is no frame of petri-agent's: type ${type}, stream ${stream}, ${length} bytes`);
      }
      if (this.#kept.length - at - headerBytes < length) break;
      const payload = this.#kept.subarray(at + headerBytes, at + headerBytes + length);
      frames.push({ type, part: this.#kept.readUInt8(at + 1), stream, payload });
      at += headerBytes + length;
    }
    this.#kept = this.#kept.subarray(at);
    return frames;
  }

  #greet(): boolean {
    const found = this.#kept.indexOf(this.#ready);
    this.#isGreeted = found >= 0;
    // What may be its beginning is kept.
    const from = found >= 0 ? found + this.#ready.length : Math.max(0, this.#kept.length - this.#ready.length + 1);
    this.#kept = this.#kept.subarray(from);
    return this.#isGreeted;
  }
}
