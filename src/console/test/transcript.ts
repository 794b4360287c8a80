import fc from "fast-check";
import { oneByOne } from "./growing-record.ts";

const fragment = fc.oneof(
  fc.constantFrom(
    "login",
    "login: ",
    "log",
    "in: ",
    "ok",
    "a",
    "b",
    "ab",
    "c",
    " ",
    " ",
    "1",
    "2",
    ".",
    ":",
    "aab",
    "error 7",
  ),
  fc.constantFrom("\n", "\r\n", "\r\r\n", "\r", "\n\r", "\n", "\r\n"),
  fc.constantFrom(
    "\x1b[0m",
    "\x1b[1;31m",
    "\x1b]0;title\x07",
    "\x1b]2;login: \x1b\\",
    "\x1bP1$r\x1b\\",
    "\x1b(B",
    "\x1b7",
  ),
  fc.constantFrom(
    "\x1b[",
    "\x1b",
    "\x1b]0;cut",
    "\x1b\x1b[m",
    "\x1b[3\x1b[m",
    "\xc2\x9b1m",
    "\xc2\x9dtitle\xc2\x9c",
    "\xc2\x85",
  ),
  fc.constantFrom(
    "\xc3\xa9",
    "\xe2\x94\x82",
    "\xf0\x9f\x90\xa7",
    "\xc3",
    "\xe2\x94",
    "\xff",
    "\xf0\x9f",
    "\0",
    "\x07",
    "\b",
    "\t",
  ),
);
/** Words, line ends of all kinds, escape sequences whole and cut off, UTF-8 whole and cut off, controls. */
export const transcript = fc.array(fragment, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""), "latin1"));

/** With places to cut it at, and one to start from. */
export const cutTranscript = transcript.chain((bytes) =>
  fc.record({
    bytes: fc.constant(bytes),
    cuts: fc.oneof(
      fc.constant(oneByOne(bytes)),
      fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((cuts) => [...cuts, bytes.length]),
    ),
    offset: fc.nat(Math.floor(bytes.length / 2)),
  }),
);
