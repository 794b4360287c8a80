import { neutralise } from "../report/escape.ts";
import { escapeJson } from "../trace/append.ts";

/**
 * A value as one line of JSON on stdout. What JSON leaves bare and a terminal or a CI system would obey (C1 and
 * bidirectional controls, `##[…]`) is written as `\uXXXX`, so that the value stays the same.
 */
export function toJsonLine(value: unknown): string {
  return `${neutralise(escapeJson(JSON.stringify(value)), (char) => (char === "#" ? "\\u0023" : "\\u003a"))}\n`;
}
