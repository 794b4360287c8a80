import { UsageError } from "../../machine/errors.ts";
import { listOf, suggest } from "../../machine/nearest.ts";
import { printable } from "../../power/printable.ts";
import { cursorKeys, type KeyTerminal, keySequences } from "./key-sequences.ts";

type NamedKey =
  | `F${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`
  | "Up"
  | "Down"
  | "Left"
  | "Right"
  | "Home"
  | "End"
  | "PageUp"
  | "PageDown"
  | "Insert"
  | "Delete"
  | "Enter"
  | "Tab"
  | "Shift-Tab"
  | "Esc"
  | "Space"
  | "Backspace";

/** A key by its name (`"Down"`, `"F10"`), `Ctrl-` or `Alt-` and a key, or one character. */
// The last member keeps the names of the first for the editor's suggestions.
export type Key = NamedKey | `Ctrl-${string}` | `Alt-${string}` | (string & {});

export interface PressOptions {
  /** Whose keyboard it is: `xterm` by default. */
  readonly terminal?: KeyTerminal;
}

const alias: Readonly<Record<string, string>> = {
  ...{ escape: "Esc", return: "Enter", pgup: "PageUp", pgdn: "PageDown", del: "Delete", ins: "Insert" },
  ...{ arrowup: "Up", arrowdown: "Down", arrowleft: "Left", arrowright: "Right" },
};

/**
 * The bytes that these keys send. `hasApplicationKeys` tells whether the guest has switched the cursor keys.
 *
 * @throws UsageError that names every key this terminal does not have, with the nearest that it has
 */
export function keyBytes(
  keys: readonly string[],
  { terminal = "xterm" }: PressOptions,
  hasApplicationKeys: () => boolean,
): string {
  if (!Object.hasOwn(keySequences, terminal)) {
    throw new UsageError(`press: terminal "${printable(terminal)}" is unknown; ${suggest(terminal, terminals)}`);
  }
  const problems: string[] = [];
  const bytes = keys.map((key) => {
    const sequence = bytesOf(key, terminal, hasApplicationKeys);
    if (sequence === undefined) problems.push(`press: ${whyNot(key, terminal)}`);
    return sequence ?? "";
  });
  if (problems.length > 0) throw UsageError.of(problems, "press() was given keys it does not know");
  return bytes.join("");
}

const terminals = Object.keys(keySequences) as KeyTerminal[];

function bytesOf(key: string, terminal: KeyTerminal, hasApplicationKeys: () => boolean): string | undefined {
  const [, modifier, rest] = /^(ctrl|control|alt|meta)[-+](.+)$/isu.exec(key) ?? [];
  if (modifier !== undefined && rest !== undefined) {
    if (/^[am]/i.test(modifier)) {
      const plain = bytesOf(rest, terminal, hasApplicationKeys);
      return plain === undefined ? undefined : `\x1b${plain}`;
    }
    return controlOf(rest);
  }
  if (/^\P{C}$/u.test(key)) return key;
  const name = nameOf(key, terminal);
  const sequence = name === undefined ? undefined : keySequences[terminal][name];
  const isSwitched = terminal === "xterm" && name !== undefined && cursorKeys.has(name) && hasApplicationKeys();
  return isSwitched ? sequence?.replace("\x1b[", "\x1bO") : sequence;
}

/** ASCII's control characters are `@` to `_` less 0x40; a space is `@`, `?` is DEL. */
function controlOf(key: string): string | undefined {
  if (/^space$/i.test(key) || key === " ") return "\0";
  if (key === "?") return "\x7f";
  return /^[@-_a-z]$/.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f) : undefined;
}

function nameOf(key: string, terminal: KeyTerminal): string | undefined {
  const wanted = key.toLowerCase();
  return Object.keys(keySequences[terminal]).find((name) => name.toLowerCase() === wanted) ?? alias[wanted];
}

function whyNot(key: string, terminal: KeyTerminal): string {
  const shown = `"${printable(key)}"`;
  const elsewhere = terminals.filter((other) => nameOf(key, other) !== undefined && other !== terminal);
  if (elsewhere.length > 0) return `a ${terminal} terminal has no ${shown} key; ${listOf(elsewhere, "and")} have`;
  if (/^(ctrl|control)[-+]/i.test(key))
    return `${shown} is no control character: Ctrl- goes with A to Z and @ [ \\ ] ^ _ ?`;
  return `${shown} is not the name of a key; ${suggest(key, Object.keys(keySequences[terminal]))} Text is typed with send()`;
}
