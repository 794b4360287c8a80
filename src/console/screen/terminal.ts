import { createRequire } from "node:module";
import type { ScreenSnapshot } from "./snapshot.ts";

/** xterm.js is CommonJS: `import()` would give its exports another shape under every loader. */
const require = createRequire(import.meta.url);

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal without a display. */
export interface ScreenTerminal {
  /** Resolves when the text has been obeyed. */
  write(text: string): Promise<void>;
  snapshot(): ScreenSnapshot;
  /** What the terminal answers to what the guest asks of it (DSR, DA, DECRQM). */
  onAnswer(listener: (answer: string) => void): void;
}

/** So that xterm.js, which looks at the clock between pieces only, lets other work have its turn. */
const pieceLength = 4096;
const longestTitle = 200;

/** Loads xterm.js (https://xtermjs.org) when the first screen is looked at, and not before. */
export async function openTerminal({ columns, rows }: TerminalSize): Promise<ScreenTerminal> {
  const { Terminal } = require("@xterm/headless") as typeof import("@xterm/headless");
  const terminal = new Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true, logLevel: "off" });
  const { parser } = terminal;
  let title = "";
  terminal.onTitleChange((text) => {
    title = text.slice(0, longestTitle);
  });

  // The title and the bell reach nobody. Links (OSC 8) are not shown, and each would be remembered.
  parser.registerOscHandler(8, () => true);
  // xterm.js 6.0 carries these out one by one, 2^31 times if it is told so. More than the screen has is a mistake.
  for (const final of ["S", "T", "L", "M", "I", "Z", "b"]) {
    parser.registerCsiHandler({ final }, ([count]) => Number(count) > Math.max(columns, rows));
  }

  let cursorIsVisible = true;
  const seen = (isVisible: boolean) => {
    cursorIsVisible = isVisible;
    return false;
  };
  // DECTCEM, RIS and DECSTR (DEC STD 070): xterm.js obeys them and does not tell.
  for (const [final, isVisible] of [
    ["h", true],
    ["l", false],
  ] as const) {
    parser.registerCsiHandler({ prefix: "?", final }, (modes) => (modes.includes(25) ? seen(isVisible) : false));
  }
  parser.registerEscHandler({ final: "c" }, () => seen(true));
  parser.registerCsiHandler({ intermediates: "!", final: "p" }, () => seen(true));

  return {
    write: (text) =>
      new Promise((resolve) => {
        const last = Math.max(0, text.length - 1);
        for (let at = 0; at <= last; at += pieceLength) {
          const isLast = at + pieceLength > last;
          terminal.write(text.slice(at, at + pieceLength), isLast ? resolve : undefined);
        }
      }),
    snapshot() {
      const { active } = terminal.buffer;
      const lines = Array.from({ length: rows }, (_, row) =>
        (active.getLine(active.baseY + row)?.translateToString(true) ?? "").trimEnd(),
      );
      // Behind the last column the cursor waits for the next character to wrap; it is shown on the last one.
      const column = Math.min(active.cursorX, columns - 1);
      return {
        ...{ columns, rows, lines, title, text: lines.join("\n").trimEnd() },
        cursor: { row: active.cursorY, column, isVisible: cursorIsVisible },
      };
    },
    onAnswer: (listener) => {
      terminal.onData(listener);
    },
  };
}
