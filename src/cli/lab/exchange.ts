import {
  closeSync,
  existsSync,
  type FSWatcher,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { HostError } from "../../machine/errors.ts";
import { writeTo } from "../output.ts";
import { commandFile, type LabCommand, quoted } from "./command-file.ts";

const pieceBytes = 256 * 1024;
const streams = ["stdout", "stderr"] as const;

/** The folder through which a lab and its host speak: the command goes in, what it prints and how it ends come out. */
export class Exchange {
  readonly folder: string;
  /** Resolves when the command starts. */
  readonly ready: Promise<void>;
  /** Rejects with HostError if the output can no longer be followed. */
  readonly broken: Promise<never>;
  readonly #watcher: FSWatcher;
  readonly #tails: readonly Tail[];

  constructor(folder: string, command: LabCommand, onOutput: () => void) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "command"), commandFile(command));
    writeFileSync(
      join(folder, "settings"),
      Buffer.concat([Buffer.from("folder="), quoted(Buffer.from(command.folder))]),
    );
    for (const name of streams) writeFileSync(join(folder, name), "");
    this.#tails = streams.map((name) => new Tail(join(folder, name), process[name], onOutput));
    this.#watcher = watch(folder);
    this.ready = new Promise((resolve) => {
      this.#watcher.on("change", (_event, name) => {
        if (name === "ready") resolve();
      });
    });
    this.broken = new Promise((_, reject) => {
      const fail = (cause: Error) =>
        reject(new HostError(`the lab's output cannot be followed: ${cause.message}`, { cause }));
      this.#watcher.on("error", fail);
      this.#watcher.on("change", (_event, name) => {
        const tail = this.#tails[streams.indexOf(String(name) as "stdout")];
        tail?.pump().catch(fail);
      });
    });
    this.broken.catch(() => {});
  }

  /** What the lab said of itself before it went down: how the command `ended`, or why it `failed` to start it. */
  said(what: "ended" | "failed"): string | undefined {
    const file = join(this.folder, what);
    return existsSync(file) ? readFileSync(file, "latin1") : undefined;
  }

  /** Resolves when every byte that the command printed was handed on. */
  async drained(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.pump()));
  }

  close(): void {
    this.#watcher.close();
    for (const tail of this.#tails) tail.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Hands on what is appended to a file, in order; a slow reader costs no memory. */
class Tail {
  readonly #fd: number;
  readonly #to: NodeJS.WriteStream;
  readonly #onOutput: () => void;
  #at = 0;
  #pumping: Promise<void> = Promise.resolve();

  constructor(path: string, to: NodeJS.WriteStream, onOutput: () => void) {
    this.#fd = openSync(path, "r");
    this.#to = to;
    this.#onOutput = onOutput;
  }

  pump(): Promise<void> {
    this.#pumping = this.#pumping.then(() => this.#pumpNow());
    return this.#pumping;
  }

  async #pumpNow(): Promise<void> {
    for (;;) {
      const piece = Buffer.allocUnsafe(pieceBytes);
      const count = readSync(this.#fd, piece, 0, piece.length, this.#at);
      if (count === 0) return;
      this.#at += count;
      this.#onOutput();
      await writeTo(this.#to, piece.subarray(0, count));
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
