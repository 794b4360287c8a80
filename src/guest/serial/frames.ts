/** A frame is text between braces, all of it with the high bit set. */
const open = 0x7b;
const close = 0x7d;
/** Longer than any frame: an opening brace that noise made is given up here. */
const longest = 64 * 1024;

/**
 * Finds the agent's frames in what a serial line carries. The agent sets the high bit of every byte it says, and the
 * kernel, which prints whenever and wherever it likes on the same line, says ASCII: so what it says, line ends and
 * echoes included, falls out byte by byte, and a frame survives any number of kernel messages at any of its bytes.
 * Other programs may print UTF-8 on the line; what that damages is told by its checksum.
 */
export class FrameReader {
  /** What the open frame holds so far. */
  #text: string | undefined;

  /** The frames that these bytes complete, without their braces. */
  *push(bytes: Uint8Array): Generator<string> {
    for (const byte of bytes) {
      if (byte < 0x80) continue;
      const code = byte & 0x7f;
      if (code === open) this.#text = "";
      else if (this.#text === undefined) continue;
      else if (code === close) {
        const text = this.#text;
        this.#text = undefined;
        yield text;
      } else this.#text = this.#text.length < longest ? this.#text + String.fromCharCode(code) : undefined;
    }
  }
}
