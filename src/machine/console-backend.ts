import { z } from "zod";

export const consoleNames = ["com1", "com2", "com3", "com4", "hvc0"] as const;
export type ConsoleName = (typeof consoleNames)[number];

export const backendForm = "write none, capture, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH";

/**
 * OpenVMM's BACKEND words plus `capture`. Petri records every console that is not `none`; the word says what
 * else happens with the bytes.
 */
export const backendSchema = z.string().refine((text) => parseBackend(text) !== undefined, backendForm);

/** A backend word taken apart, for those who carry it out. */
export type Backend =
  | { kind: "none" | "capture" | "console" | "stderr" }
  | { kind: "listen"; path: string }
  | { kind: "listen-tcp"; host: string; port: number }
  | { kind: "file"; path: string };

/** Undefined for text that is no backend. IPv6 addresses stand in brackets: `listen=tcp:[::1]:4555`. */
export function parseBackend(text: string): Backend | undefined {
  if (text === "none" || text === "capture" || text === "console" || text === "stderr") return { kind: text };
  const [, word, rest] = /^(listen|file)=(.+)$/s.exec(text) ?? [];
  if (rest === undefined || rest.includes("\0")) return undefined;
  if (word === "file") return { kind: "file", path: rest };
  if (!rest.startsWith("tcp:")) return { kind: "listen", path: rest };
  const [, host, digits] = /^tcp:(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(rest) ?? [];
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { kind: "listen-tcp", host: host.replace(/^\[|\]$/g, ""), port };
}
