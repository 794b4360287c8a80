import { createHash } from "node:crypto";
import { cksum } from "./cksum.ts";

/** Bytes as the agent codes them: base64, or what `od -v -to1` prints. Undefined if they are not that. */
export function decode(coding: string | undefined, text: string): Buffer | undefined {
  if (coding === "b") {
    const bytes = Buffer.from(text, "base64");
    return bytes.toString("base64") === text ? bytes : undefined;
  }
  const octal = text.split(" ").filter((word) => word !== "");
  return octal.every((word) => /^[0-3][0-7]{2}$/.test(word))
    ? Buffer.from(octal.map((word) => Number.parseInt(word, 8)))
    : undefined;
}

/** How the guest sums up bytes: by cksum(1), by md5sum(1), or not at all where it has neither: only lengths are told. */
export const sumKinds = { c: "cksum", m: "md5", l: "none" } as const;
export type SumKind = (typeof sumKinds)[keyof typeof sumKinds];

function sumOf(bytes: Uint8Array, kind: SumKind): string {
  if (kind === "none") return "0";
  return kind === "cksum" ? `${cksum(bytes)}` : createHash("md5").update(bytes).digest("hex");
}

/** As much of it as a request says. */
export function shortSum(bytes: Uint8Array, kind: SumKind): string {
  return kind === "md5" ? sumOf(bytes, kind).slice(0, 8) : sumOf(bytes, kind);
}

/** What the guest says of bytes: `SUM LENGTH`. */
export interface Summary {
  readonly sum: string;
  readonly length: number;
}

export function readSummary(text: string | undefined): Summary | undefined {
  const match = /^ *([\da-f]{1,32}) +(\d{1,15}) *$/.exec(text ?? "");
  return match ? { sum: match[1] ?? "", length: Number(match[2]) } : undefined;
}

export function fits(bytes: Uint8Array, { sum, length }: Summary, kind: SumKind): boolean {
  return bytes.length === length && sumOf(bytes, kind) === sum;
}
