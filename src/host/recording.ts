import { Worker } from "node:worker_threads";
import { HostError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { compiledModule } from "./compiled.ts";
import { makeFifo } from "./fifo.ts";

/** What to record of one VM: where its VMM will connect, and where the bytes go. */
export interface RecordingPlan {
  readonly clockStart: bigint;
  /** Holds events.jsonl and a log for each console. */
  readonly traceDir: string;
  readonly consoles: Readonly<Partial<Record<ConsoleName, string>>>;
  /**
   * Consoles whose path stands for two named pipes, `PATH.in` and `PATH.out`, and not for a socket. A UART hands over
   * one byte at a time: a Unix socket is full after 278 of those (each is charged a whole buffer), a pipe after 65,536
   * (pipe(7)). A guest whose UART stays full for 10 ms overruns it (Linux, wait_for_lsr), and its bytes are lost.
   */
  readonly fifos?: readonly ConsoleName[];
  /** Consoles whose path is a socket on which the VMM listens: connected to when `dial` is called. */
  readonly dialled?: readonly ConsoleName[];
  /** Absent for a VMM without such a channel. */
  readonly control?: string | undefined;
  /**
   * A file that what comes on the control channel is appended to. The channel then is the VMM's log: what is said to the
   * VMM goes another way, and is only recorded.
   */
  readonly controlLog?: string;
}

export interface ControlLine {
  readonly line: string;
  /** Nanoseconds since the trace's start. */
  readonly at: number;
  /** Bytes each console had produced when the line came, after draining what its VMM had sent before. */
  readonly offsets: Readonly<Partial<Record<ConsoleName, number>>>;
}

export interface RecordingListener {
  /** `at` is when the last of them came, in nanoseconds since the trace's start. */
  onBytes(console: ConsoleName, end: number, at: number): void;
  onControl(line: ControlLine): void;
  onFault(error: Error): void;
}

/**
 * The consoles and the control channel of one VM, drained by a thread that does not share the caller's event loop:
 * a test body stuck in a loop neither stalls the guest nor loses a byte. Bytes are in the log before `onBytes` says
 * so; readers read the log.
 */
export interface Recording {
  listen(listener: RecordingListener): void;
  /** Resolves when every socket has its VMM. */
  readonly connected: Promise<void>;
  /** A secret is sent, and only its length recorded. */
  write(console: ConsoleName, bytes: Uint8Array, isSecret?: boolean): void;
  control(line: string): void;
  /**
   * Records what was learnt of the VMM otherwise than by a control channel, such as the end of its process, as if it
   * had come by one: the listener hears of it with the offsets of what had been printed before.
   */
  mark(line: string): void;
  /** Connects to the consoles on which the VMM listens by now. */
  dial(): void;
  /** Resolves when every connected socket was read to its end and the record is on disk. */
  readonly finished: Promise<void>;
  /** Stops listening and reading. Idempotent; resolves when the record is closed. */
  close(): Promise<void>;
}

export type ToThread =
  | { op: "open"; vm: number; plan: RecordingPlan }
  | { op: "write"; vm: number; console: ConsoleName; bytes: Uint8Array; isSecret: boolean }
  | { op: "control" | "mark"; vm: number; line: string }
  | { op: "dial"; vm: number }
  | { op: "close"; vm: number };

export type FromThread =
  | { vm: number; is: "listening" | "connected" | "finished" }
  | { vm: number; is: "bytes"; console: ConsoleName; end: number; at: number }
  | { vm: number; is: "control"; line: ControlLine }
  | { vm: number; is: "fault"; message: string; fatal: boolean };

interface Session {
  readonly resolve: Record<"listening" | "connected" | "finished", () => void>;
  readonly reject: (error: Error) => void;
  listener: RecordingListener | undefined;
  /** What came before anybody listened. */
  early: ((listener: RecordingListener) => void)[];
}

let thread: Worker | undefined;
let nextVm = 0;
const sessions = new Map<number, Session>();

/** Starts the recorder's thread ahead of its first use: it takes some 30 ms, which a boot can spend otherwise. */
export function prepareRecorder(): void {
  recorderThread();
}

/** Starts recording. Rejects with a HostError if a socket or a log cannot be made. */
export async function startRecording(plan: RecordingPlan): Promise<Recording> {
  const worker = recorderThread();
  const vm = nextVm++;
  const listening = signal();
  const connected = signal();
  const finished = signal();
  const session: Session = {
    resolve: { listening: listening.resolve, connected: connected.resolve, finished: finished.resolve },
    reject: (error) => {
      listening.reject(error);
      connected.reject(error);
    },
    listener: undefined,
    early: [],
  };
  sessions.set(vm, session);
  worker.ref();
  void finished.promise.then(() => {
    sessions.delete(vm);
    if (sessions.size === 0) worker.unref();
  });
  const post = (message: ToThread) => worker.postMessage(message);
  try {
    for (const name of plan.fifos ?? []) for (const end of ["in", "out"]) makeFifo(`${plan.consoles[name]}.${end}`);
  } catch (error) {
    finished.resolve();
    throw error;
  }
  post({ op: "open", vm, plan });
  await listening.promise;
  return {
    listen(listener) {
      session.listener = listener;
      for (const replay of session.early.splice(0)) replay(listener);
    },
    connected: connected.promise,
    write: (console, bytes, isSecret = false) => post({ op: "write", vm, console, bytes, isSecret }),
    control: (line) => post({ op: "control", vm, line }),
    mark: (line) => post({ op: "mark", vm, line }),
    dial: () => post({ op: "dial", vm }),
    finished: finished.promise,
    close() {
      post({ op: "close", vm });
      return finished.promise;
    },
  };
}

function recorderThread(): Worker {
  if (thread) return thread;
  thread = new Worker(compiledModule(import.meta.url, "./recorder-thread"), {
    name: "petri-recorder",
    execArgv: [],
    // Each read takes a new buffer, and V8 collects young ones when they come to four times this size.
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
    // A pipe is opened as a file and closed as a socket: Node would count it as open for ever.
    trackUnmanagedFds: false,
  });
  thread.unref();
  thread.on("message", deliver);
  thread.on("error", (error) => {
    thread = undefined;
    const fault = new HostError(`the recorder thread died: ${error.message}`, { cause: error });
    for (const session of sessions.values()) {
      session.listener?.onFault(fault);
      session.reject(fault);
      session.resolve.finished();
    }
    sessions.clear();
  });
  return thread;
}

function deliver(message: FromThread): void {
  const session = sessions.get(message.vm);
  if (!session) return;
  switch (message.is) {
    case "listening":
    case "connected":
    case "finished":
      session.resolve[message.is]();
      return;
    case "bytes":
      return tell(session, (listener) => listener.onBytes(message.console, message.end, message.at));
    case "control":
      return tell(session, (listener) => listener.onControl(message.line));
    case "fault": {
      const error = new HostError(message.message);
      if (message.fatal) session.reject(error);
      return tell(session, (listener) => listener.onFault(error));
    }
  }
}

function tell(session: Session, say: (listener: RecordingListener) => void): void {
  if (session.listener) say(session.listener);
  else session.early.push(say);
}

function signal(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever awaits it sees the rejection; nobody having awaited it yet must not end the process.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
