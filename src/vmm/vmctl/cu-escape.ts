const tilde = 0x7e;

/**
 * cu(1) takes a tilde at the beginning of a line for itself, and sends one for two of them. Doubles each that is meant for
 * the guest; the lines are those of all that was ever typed.
 */
export class CuEscape {
  private isAtStart = true;

  encode(bytes: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const byte of bytes) {
      if (this.isAtStart && byte === tilde) out.push(tilde);
      out.push(byte);
      this.isAtStart = byte === 0x0a || byte === 0x0d;
    }
    return Uint8Array.from(out);
  }
}
