/** One word of a command line, with its quotes taken off. */
export interface Word {
  readonly text: string;
  /** It holds a variable or a command substitution, which only the shell it was written for could fill in. */
  readonly isOpen: boolean;
}

/** What stands between two operators of the shell. */
export interface SimpleCommand {
  readonly words: readonly Word[];
  /** `2>&1`, `> vm.log`: as written. */
  readonly redirections: readonly string[];
  /** What joins it to the next one: `|`, `&&`, `;`; empty at the end. */
  readonly operator: string;
}

/** Throws RangeError with what a shell would say of it. */
export function splitShell(text: string, style: "posix" | "windows" = "posix"): SimpleCommand[] {
  return new Reader(text, style === "windows" ? "`" : "\\").commands();
}

const operators = ["&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")"];
const redirection = /^(\d*|&)(>>|>\||>&|<<<|<<-?|<&|<>|>|<)/;

/** POSIX shell grammar (XCU 2.2 quoting, 2.3 token recognition), as far as one line of commands needs it. */
class Reader {
  readonly #text: string;
  readonly #escape: string;
  #at = 0;
  #word: string | undefined;
  #isOpen = false;
  #words: Word[] = [];
  #redirections: string[] = [];
  #commands: SimpleCommand[] = [];

  constructor(text: string, escapeChar: string) {
    this.#text = text.replaceAll("\r\n", "\n");
    this.#escape = escapeChar;
  }

  commands(): SimpleCommand[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand("");
    return this.#commands;
  }

  #step(): void {
    const rest = this.#text.slice(this.#at, this.#at + 8);
    const char = rest[0] ?? "";
    const redirected = this.#word === undefined || /^\d+$/.test(this.#word) ? redirection.exec(rest) : null;
    const operator = operators.find((each) => rest.startsWith(each));
    if (char === this.#escape) this.#escaped();
    else if (char === "'") this.#quoted("'");
    else if (char === '"') this.#quoted('"');
    else if (char === "`" || char === "$") this.#substitution();
    else if (char === "#" && this.#word === undefined) this.#comment();
    else if (/[ \t]/.test(char)) this.#endWord(1);
    else if (redirected !== null) this.#redirect(redirected[0]);
    else if (/^[<>]/.test(rest)) this.#endWord(0);
    else if (operator !== undefined) this.#endCommand(operator);
    else this.#add(char, 1);
  }

  #add(text: string, length: number): void {
    this.#word = (this.#word ?? "") + text;
    this.#at += length;
  }

  #escaped(): void {
    const next = this.#text[this.#at + 1];
    if (next === "\n") this.#at += 2;
    else if (next === undefined) this.#at += 1;
    else this.#add(next, 2);
  }

  #quoted(quote: string): void {
    const start = this.#at;
    this.#word ??= "";
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      const next = this.#text[this.#at + 1] ?? "";
      if (char === undefined) {
        throw new RangeError(`unterminated quote: ${this.#text.slice(start, start + 40)}`);
      }
      if (char === quote) break;
      if (quote === '"' && char === this.#escape && /[$`"\\\n]/.test(next)) {
        this.#add(next === "\n" ? "" : next, 2);
      } else if (quote === '"' && (char === "$" || char === "`")) this.#substitution();
      else this.#add(char, 1);
    }
    this.#at += 1;
  }

  /** `$NAME`, `${NAME}`, `$(command)`, `` `command` ``: kept as written, for nobody here knows what it comes to. */
  #substitution(): void {
    const rest = this.#text.slice(this.#at);
    const match = /^(\$\{[^}]*\}|\$\w+|\$[@*#?$!-]|`[^`]*`)/.exec(rest)?.[0] ?? parenthesised(rest);
    if (match === undefined) {
      // $'…' and $"…" are quotes; any other $ stands for itself.
      if (/^\$['"]/.test(rest)) this.#at += 1;
      else this.#add(rest[0] ?? "", 1);
      return;
    }
    this.#isOpen = true;
    this.#add(match, match.length);
  }

  #comment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #redirect(operator: string): void {
    const start = this.#at;
    this.#word = undefined;
    this.#at += operator.length;
    while (/[ \t]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    const target = /^[^\s;|&<>()]*/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    this.#at += target.length;
    this.#redirections.push(this.#text.slice(start, this.#at).trim());
  }

  #endWord(length: number): void {
    this.#at += length;
    if (this.#word !== undefined) this.#words.push({ text: this.#word, isOpen: this.#isOpen });
    this.#word = undefined;
    this.#isOpen = false;
  }

  #endCommand(operator: string): void {
    this.#endWord(operator.length);
    if (this.#words.length > 0 || this.#redirections.length > 0) {
      this.#commands.push({ words: this.#words, redirections: this.#redirections, operator });
    }
    this.#words = [];
    this.#redirections = [];
  }
}

function parenthesised(rest: string): string | undefined {
  if (!rest.startsWith("$(")) return undefined;
  let depth = 0;
  for (let index = 1; index < rest.length; index++) {
    if (rest[index] === "(") depth += 1;
    if (rest[index] === ")" && --depth === 0) return rest.slice(0, index + 1);
  }
  throw new RangeError(`unterminated command substitution: ${rest.slice(0, 40)}`);
}
