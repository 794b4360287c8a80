import { Decoder } from "../../console/decoder.ts";

// What prints nothing or changes how a line reads: controls, formats (bidirectional ones too), private use.
const unsafe = /[^\P{C}\n\t]/gu;

/** Console bytes as plain text, for a terminal that nobody types into: no control sequence survives. */
export class PlainStream {
  readonly #decoder = new Decoder(true);
  #offset = 0;

  push(bytes: Buffer): string {
    const { text } = this.#decoder.decode(bytes.toString("latin1"), this.#offset);
    this.#offset += bytes.length;
    return clean(text);
  }

  end(): string {
    return clean(this.#decoder.flush().text);
  }
}

function clean(text: string): string {
  return text.replace(unsafe, "\ufffd");
}
