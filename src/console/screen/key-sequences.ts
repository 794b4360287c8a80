/**
 * How a terminal sends its keys. `xterm` is what Linux, GRUB and most text interfaces expect, and EDK2's TtyTerm;
 * `vt100`, `vt100+`, `vt-utf8` and `pc-ansi` are EDK2's own.
 */
export type KeyTerminal = "xterm" | "linux" | "vt100" | "vt100+" | "vt-utf8" | "pc-ansi";

/** Bytes by key; a terminal without a key has no entry for it. */
type Sequences = Readonly<Record<string, string>>;

const arrows: Sequences = { Up: "\x1b[A", Down: "\x1b[B", Right: "\x1b[C", Left: "\x1b[D" };

/** Alike on all of them: ASCII's controls. Backspace is DEL where Unix's erase character is, else BS. */
const always: Sequences = { Enter: "\r", Tab: "\t", Esc: "\x1b", Space: " ", Backspace: "\x7f" };
const firmware: Sequences = { ...always, ...arrows, Backspace: "\b" };

function numbered(codes: Readonly<Record<string, number>>): Sequences {
  return Object.fromEntries(Object.entries(codes).map(([key, code]) => [key, `\x1b[${code}~`]));
}

function functionKeys(prefix: string, finals: string): Sequences {
  return Object.fromEntries([...finals].map((final, index) => [`F${index + 1}`, `${prefix}${final}`]));
}

/** DEC's VT220 numbers, the same on xterm (its ctlseqs, "PC-Style Function Keys") and on Linux (console_codes(4)). */
const editing = numbered({ Insert: 2, Delete: 3, PageUp: 5, PageDown: 6 });
const laterFunctionKeys = numbered({ F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 });

/** EDK2 MdeModulePkg TerminalDxe/TerminalConIn.c, UnicodeToEfiKey(): the table above it and what it really takes. */
const vt100Plus: Sequences = {
  ...firmware,
  ...{ Home: "\x1bh", End: "\x1bk", Insert: "\x1b+", Delete: "\x1b-", PageUp: "\x1b?", PageDown: "\x1b/" },
  ...functionKeys("\x1b", "1234567890!@"),
};

export const keySequences: Readonly<Record<KeyTerminal, Sequences>> = {
  xterm: {
    ...{ ...always, ...arrows, ...editing, ...laterFunctionKeys, "Shift-Tab": "\x1b[Z" },
    ...{ Home: "\x1b[H", End: "\x1b[F", ...functionKeys("\x1bO", "PQRS"), F5: "\x1b[15~" },
  },
  linux: {
    ...{ ...always, ...arrows, ...editing, ...laterFunctionKeys },
    ...{ ...numbered({ Home: 1, End: 4 }), ...functionKeys("\x1b[[", "ABCDE") },
  },
  // GRUB's terminfo.c takes these as well.
  vt100: {
    ...{ ...firmware, Home: "\x1b[H", End: "\x1b[K", Insert: "\x1b[@", Delete: "\x1b[P" },
    ...{ PageUp: "\x1b[?", PageDown: "\x1b[/", ...functionKeys("\x1bO", "PQwxtuqrpM") },
  },
  "vt100+": vt100Plus,
  "vt-utf8": vt100Plus,
  "pc-ansi": {
    ...{ ...firmware, Home: "\x1b[H", End: "\x1b[F", Insert: "\x1b[@", Delete: "\x1b[X" },
    ...{ PageUp: "\x1b[I", PageDown: "\x1b[G", ...functionKeys("\x1b[", "MNOPQRSTUV") },
  },
};

/** Sent with SS3 for CSI while the guest has application cursor keys on (DECCKM; xterm's ctlseqs). */
export const cursorKeys: ReadonlySet<string> = new Set(["Up", "Down", "Right", "Left", "Home", "End"]);
