import { Worker } from "node:worker_threads";
import { compiledModule } from "../compiled.ts";
import { libc, makeEventFd, signalEvent } from "./libc.ts";

const closeMessage = { op: "close" } as const;
type Close = typeof closeMessage;

export interface ThreadListener<From> {
  /** What the thread posts. */
  onMessage(message: From): void;
  /** It ended without having been told to. */
  onDeath(cause: Error): void;
}

/**
 * A thread that blocks in poll(2) and not in an event loop: an eventfd tells it of messages. Node waits for its threads
 * when it exits, and cannot interrupt a system call, so every one that is left is told to close then.
 */
export class PollingThread<To extends object, From> {
  private readonly worker: Worker;
  private readonly wakeFd = makeEventFd();
  private readonly gone: Promise<void>;
  private isClosing = false;
  private isGone = false;

  /** `module` is a file's name without its extension, beside this one; `data` gets the eventfd as `wakeFd`. */
  constructor(name: string, module: string, data: object, listener: ThreadListener<From>) {
    this.worker = new Worker(compiledModule(import.meta.url, module), {
      name,
      execArgv: [],
      workerData: { ...data, wakeFd: this.wakeFd },
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
      // Descriptors go back and forth between threads.
      trackUnmanagedFds: false,
    });
    // The recorder keeps a process with a VM alive.
    this.worker.unref();
    this.worker.on("message", (message: From) => listener.onMessage(message));
    this.worker.on("error", (error) => listener.onDeath(error));
    this.gone = new Promise((resolve) => {
      this.worker.once("exit", () => {
        this.isGone = true;
        threads.delete(this);
        if (!this.isClosing) listener.onDeath(new Error("its thread ended by itself"));
        libc().close(this.wakeFd);
        resolve();
      });
    });
    if (!hearsExit) process.once("exit", closeAll);
    hearsExit = true;
    threads.add(this);
  }

  post(message: To | Close): void {
    if (this.isGone) return;
    this.worker.postMessage(message);
    signalEvent(this.wakeFd);
  }

  /** Resolves when the thread has ended. Idempotent. */
  async close(): Promise<void> {
    this.tellToClose();
    // Nothing else may be left that keeps the process until then.
    if (!this.isGone) this.worker.ref();
    await this.gone;
  }

  tellToClose(): void {
    if (!this.isClosing) this.post(closeMessage);
    this.isClosing = true;
  }
}

let hearsExit = false;
const threads = new Set<{ tellToClose(): void }>();

function closeAll(): void {
  for (const thread of threads) thread.tellToClose();
}
