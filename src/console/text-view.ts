import { isUtf8 } from "node:buffer";
import { Decoder } from "./decoder.ts";
import { OffsetMap } from "./offset-map.ts";
import { once } from "./once.ts";

/** A sliding stretch of a console's text, each character of which knows the bytes it came from. */
export interface TextView {
  readonly text: string;
  /** True if the text so far ends with a line, and nothing is held back. */
  readonly isAtLineStart: boolean;
  append(bytes: Buffer, offset: number): void;
  /** No more bytes will come: what was held back comes out. */
  flush(): void;
  /** Forgets the first `count` characters. */
  drop(count: number): void;
  /** The bytes [start, end) that character `index` came from. */
  bytesOf(index: number): { start: number; end: number };
}

/** Every byte is one character, U+0000..U+00FF. */
export function rawView(): TextView {
  return new View({
    decode: (bytes, offset) => [{ text: bytes.toString("latin1"), map: () => identityFrom(offset) }],
    flush: () => undefined,
    isAtLineStart: () => false,
  });
}

/** Text as people read it: escape sequences removed, UTF-8 decoded, line ends made one (decoder.ts has the rules). */
export function readableView(isLineStart: boolean): TextView {
  const decoder = new Decoder(isLineStart);
  const exactly = (bytes: Buffer, offset: number): Stretch => {
    const { text, map } = decoder.decode(bytes.toString("latin1"), offset);
    return { text, map: () => map };
  };
  // Lines decode by themselves, so whole ones may go the fast way, which works offsets out only when asked.
  const linesFast = (bytes: Buffer, offset: number): Stretch => {
    const text = fastText(bytes);
    if (text === undefined) return exactly(bytes, offset);
    return { text, map: once(() => new Decoder(true).decode(bytes.toString("latin1"), offset).map) };
  };
  return new View({
    decode: (bytes, offset) => {
      const head = decoder.isAtLineStart ? 0 : bytes.indexOf(0x0a) + 1;
      const tail = bytes.lastIndexOf(0x0a) + 1;
      const cut: [number, number, typeof exactly][] = [
        [0, head, exactly],
        [head, tail, linesFast],
        [tail, bytes.length, exactly],
      ];
      return cut.flatMap(([from, to, decode]) => (from < to ? [decode(bytes.subarray(from, to), offset + from)] : []));
    },
    flush: () => {
      const { text, map } = decoder.flush();
      return { text, map: () => map };
    },
    isAtLineStart: () => decoder.isAtLineStart,
  });
}

const removable = /\x1b\[[\d;:?]*[@-~]|\r+(?=\n)/g;
const unreadable = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;

/** What the decoder makes of whole lines, if colours and CRs are all there is to remove; else undefined. */
function fastText(lines: Buffer): string | undefined {
  if (!isUtf8(lines)) return undefined;
  const text = lines.toString("utf8");
  if (!unreadable.test(text)) return text;
  const cleaned = text.replace(removable, "");
  return unreadable.test(cleaned) ? undefined : cleaned;
}

/** Text that came out at once; its map may cost a second decoding. */
interface Stretch {
  readonly text: string;
  map(): OffsetMap;
}

interface Decoding {
  decode(bytes: Buffer, offset: number): readonly Stretch[];
  flush(): Stretch | undefined;
  isAtLineStart(): boolean;
}

interface Piece {
  /** Characters of the text, counted from the view's beginning before anything was dropped. */
  readonly from: number;
  readonly to: number;
  map(): OffsetMap;
}

class View implements TextView {
  text = "";
  #dropped = 0;
  #pieces: Piece[] = [];
  readonly #decoding: Decoding;

  constructor(decoding: Decoding) {
    this.#decoding = decoding;
  }

  get isAtLineStart(): boolean {
    return this.#decoding.isAtLineStart();
  }

  append(bytes: Buffer, offset: number): void {
    for (const stretch of this.#decoding.decode(bytes, offset)) this.#add(stretch);
  }

  flush(): void {
    const rest = this.#decoding.flush();
    if (rest) this.#add(rest);
  }

  drop(count: number): void {
    this.text = this.text.slice(count);
    this.#dropped += count;
    const firstKept = this.#pieces.findIndex((piece) => piece.to > this.#dropped);
    this.#pieces.splice(0, firstKept < 0 ? this.#pieces.length : firstKept);
  }

  bytesOf(index: number): { start: number; end: number } {
    const position = this.#dropped + index;
    const piece = this.#pieces.findLast((candidate) => candidate.from <= position);
    if (!piece || position >= piece.to) throw new RangeError(`no character ${index} in this view`);
    return piece.map().at(position - piece.from);
  }

  #add(stretch: Stretch): void {
    if (stretch.text === "") return;
    const from = this.#dropped + this.text.length;
    this.#pieces.push({ from, to: from + stretch.text.length, map: stretch.map });
    this.text += stretch.text;
  }
}

function identityFrom(offset: number): OffsetMap {
  const map = new OffsetMap();
  map.add(0, offset, 1);
  return map;
}
