/** What a lab is to run: bytes as the kernel has them, which need not be UTF-8. */
export interface LabCommand {
  readonly argv: readonly Buffer[];
  readonly env: ReadonlyMap<string, Buffer>;
  readonly folder: string;
}

/**
 * A script for sh(1) that becomes the command: its folder (an absolute path), its environment, then exec. Every word of the caller's stands
 * in single quotes, in which a shell reads every byte as itself (POSIX.1-2017 XCU 2.2.2).
 *
 * @example commandFile({ argv: [Buffer.from("uname")], env: new Map(), folder: "/" }) // cd '/' … exec 'uname'
 */
export function commandFile({ argv, env, folder }: LabCommand): Buffer {
  const exports = [...env].map(([name, value]) => line("export ", Buffer.from(`${name}=`), quoted(value)));
  return Buffer.concat([
    ...exports,
    line("cd ", quoted(Buffer.from(folder)), Buffer.from(" || exit 126")),
    line("exec", ...argv.flatMap((word) => [Buffer.from(" "), quoted(word)])),
  ]);
}

/** One word of a shell's input, whatever bytes it holds; NUL is in none that a process can have. */
export function quoted(word: Buffer): Buffer {
  const text = word.toString("latin1");
  return Buffer.from(`'${text.replaceAll("'", "'\\''")}'`, "latin1");
}

function line(start: string, ...rest: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(start), ...rest, Buffer.from("\n")]);
}
