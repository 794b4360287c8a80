import { createHash } from "node:crypto";
import ssh2 from "ssh2";
import { UsageError } from "../../machine/errors.ts";

/** A key pair of one run: `privateKey` in OpenSSH's format, `publicKey` as a line of authorized_keys. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Ed25519: small enough for a command line, and made in a millisecond. */
export function newKeyPair(comment: string): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
  return { privateKey: pair.private, publicKey: pair.public.trim() };
}

/** The key in a line of a `.pub` file, as it travels. @throws UsageError for what is no such line */
export function publicKeyBytes(line: string): Buffer {
  const parsed = ssh2.utils.parseKey(line.trim());
  if (parsed instanceof Error) throw new UsageError(`${JSON.stringify(line.slice(0, 80))} is no public key of SSH`);
  return parsed.getPublicSSH();
}

/** As ssh-keygen -l shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The host keys that are taken: those that are known, or else the first that is seen. */
export class HostKeyPin {
  #known: readonly Buffer[];

  constructor(known: readonly Buffer[] = []) {
    this.#known = known;
  }

  get known(): readonly Buffer[] {
    return this.#known;
  }

  accepts(key: Buffer): boolean {
    if (this.#known.length === 0) this.#known = [Buffer.from(key)];
    return this.#known.some((known) => known.equals(key));
  }
}
