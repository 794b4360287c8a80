import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { quote } from "../command.ts";
import { pathWord, printfFormat } from "./agent.ts";
import { decode, fits, readSummary, type Summary, shortSum } from "./coded.ts";
import { type AgentFacts, type AgentLink, type Body, damaged } from "./link.ts";

/** Of a file, in one frame. A multiple of three, so that base64 fills it, and far from what a frame may hold. */
const pieceBytes = 12_288;
/** A terminal of Linux takes 4,095 bytes a line (N_TTY, canonical mode); others take less (OpenBSD's TTYHOG is 1,024). */
export const longestBody = (system: string) => (system === "Linux" ? 3_600 : 800);

/** Text that goes in the request itself: a line of its own costs the guest a process. */
const shortText = 400;

/**
 * Writes a file of the guest anew; `slot` is the caller's own.
 * @throws HostError with the guest's own reason, or if what arrived is not what was sent
 */
export async function writeFile(
  link: AgentLink,
  slot: number,
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const facts = await link.start(signal);
  const { sums } = facts;
  const name = `"$P${slot}"`;
  const check = (body: string) => link.request(`${body}R='m ${slot} ${name} $U${slot}'`, signal, told);
  const begun = await check(`P${slot}=${pathWord(path)}; b ${slot}; n ${slot} ${name}; `);
  if (begun.sum === undefined)
    throw new HostError(`${printable(path)} cannot be written in the guest: ${begun.problem}`);
  for (const part of appending(slot, name, bytes, facts)) await link.request(part, signal);
  const { sum, problem } = await check("");
  if (sum && fits(bytes, sum, sums)) return;
  const got = sum ? `${sum.length} of ${bytes.length} bytes arrived` : problem;
  throw new HostError(`${printable(path)} was not written whole in the guest: ${got}`);
}

/** @throws HostError with the guest's own reason if it cannot be read */
export async function readFile(link: AgentLink, slot: number, path: string, signal: AbortSignal): Promise<Buffer> {
  const { sums } = await link.start(signal);
  const { sum, problem } = await link.request(`R=${quote(`m ${slot} ${pathWord(path)} 0`)}`, signal, told);
  if (!sum) throw new HostError(`${printable(path)} cannot be read in the guest: ${problem}`);
  const bytes = await readPieces(link, pathWord(path), sum.length, signal);
  if (fits(bytes, sum, sums)) return bytes;
  throw new HostError(
    `${printable(path)} changed in the guest while it was read: ${bytes.length} of ${sum.length} bytes came`,
  );
}

/** Why the last write of a slot failed, in the guest's words. */
export async function whyNotKept(link: AgentLink, slot: number, signal: AbortSignal): Promise<string> {
  return (await link.request(`R='m ${slot} - $U${slot}'`, signal, told)).problem;
}

/** So many bytes of a file, or as many as it has. */
export async function readPieces(link: AgentLink, path: string, length: number, signal: AbortSignal): Promise<Buffer> {
  const { sums } = await link.start(signal);
  const pieces: Buffer[] = [];
  for (let n = 0; n * pieceBytes < length; n++) {
    const piece = await link.request(
      `R=${quote(`o ${path} ${pieceBytes} ${n}`)}`,
      signal,
      ([kind, , , text, coding, coded]) => {
        if (kind !== "r") return undefined;
        const sum = readSummary(text);
        const bytes = decode(coding, coded ?? "");
        return sum && bytes && fits(bytes, sum, sums) ? bytes : damaged;
      },
    );
    pieces.push(piece);
    if (piece.length < pieceBytes) break;
  }
  return Buffer.concat(pieces);
}

interface Told {
  readonly sum: Summary | undefined;
  /** Why there is none, in the guest's words. */
  readonly problem: string;
}

/** What the agent's `m` tells of a file. */
function told([kind, , , status, text, coding, coded]: readonly string[]): Told | typeof damaged | undefined {
  if (kind !== "m") return undefined;
  const words = decode(coding, coded ?? "");
  if (!words) return damaged;
  const sum = status === "0" ? readSummary(text) : undefined;
  return { sum, problem: printable(words.toString("utf8").trim()) || `status ${status}` };
}

/** Requests that append bytes to a file of a slot's, in lines that a terminal takes. */
export function* appending(slot: number, file: string, bytes: Uint8Array, facts: AgentFacts): Generator<Body> {
  const { hasBase64, sums, system } = facts;
  const room = longestBody(system);
  for (let at = 0; at < bytes.length; ) {
    const { format, length } = longestFormat(bytes.subarray(at), shortText);
    if (at + length === bytes.length) {
      yield `p ${slot} '${format}' ${file}`;
      return;
    }
    const part = hasBase64
      ? { text: base64(bytes.subarray(at, at + 3 * Math.floor(room / 4))), length: 3 * Math.floor(room / 4) }
      : escaped(longestFormat(bytes.subarray(at), room));
    const payload = `=${part.text}`;
    const sum = shortSum(Buffer.from(payload), sums);
    yield { command: `a ${slot} ${sum} ${payload.length} ${file}`, payload };
    at += part.length;
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const escaped = ({ format, length }: { format: string; length: number }) => ({ text: format, length });

/** A format of printf(1) for as many of the bytes as it has room for. */
function longestFormat(bytes: Uint8Array, room: number): { format: string; length: number } {
  let length = Math.min(bytes.length, room);
  let format = printfFormat(bytes.subarray(0, length));
  while (format.length > room) {
    // Four characters a byte at worst, so this ends.
    length = Math.max(1, Math.min(length - 1, Math.floor((length * room) / format.length)));
    format = printfFormat(bytes.subarray(0, length));
  }
  return { format, length };
}
