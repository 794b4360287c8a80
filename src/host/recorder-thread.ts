import { appendFileSync, closeSync, constants, openSync } from "node:fs";
import { connect, createServer, type Server, Socket } from "node:net";
import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import type { ConsoleName } from "../machine/machine.ts";
import { appendLine, elapsed, inputPayload, openEvents } from "../trace/append.ts";
import type { TraceEvent } from "../trace/event.ts";
import { traceFault } from "../trace/fault.ts";
import { ConsoleLog } from "./console-log.ts";
import { readIntoOneBuffer, readPipeIntoOneBuffer } from "./one-buffer.ts";
import { PacedReading } from "./paced-reading.ts";
import type { FromThread, RecordingPlan, ToThread } from "./recording.ts";

// The recorder: one thread for all VMs of a process. It owns every socket a VMM connects to and the files the bytes
// go to; see recording.ts for what it promises.

interface Line {
  readonly name: ConsoleName | "control";
  /** Absent for named pipes, which need nobody to listen, and where the VMM listens. */
  readonly server?: Server;
  socket: Socket | undefined;
  readonly reading?: PacedReading;
  /** Where input goes, if not into the socket. */
  readonly input?: Socket;
}

interface Vm {
  readonly id: number;
  readonly plan: RecordingPlan;
  readonly lines: Line[];
  readonly consoles: Map<ConsoleName, ConsoleLog>;
  readonly events: number;
  /** Set once the disk refused a record: the bytes are worth more, and go on. */
  eventsLost: boolean;
  controlText: string;
  /** Control lines wait here while the consoles are drained up to them. */
  barrier: Promise<void>;
  open: number;
  closing: boolean;
  announcing: boolean;
  /** Runs while a chunk is open, so that it is on disk soon after its guest has fallen silent. */
  flusher: NodeJS.Timeout | undefined;
}

/** Longer than a chunk can go on by itself: a timer has little to do while the guest prints. */
const flushMs = 20;

const port = parentPort;
const vms = new Map<number, Vm>();
const post = (message: FromThread) => port?.postMessage(message);

port?.on("message", (message: ToThread) => {
  if (message.op === "open") return open(message.vm, message.plan);
  const vm = vms.get(message.vm);
  if (!vm) return;
  if (message.op === "close") return close(vm);
  if (message.op === "dial") return dial(vm);
  if (message.op === "write") return send(vm, message.console, message.bytes, message.isSecret);
  if (message.op === "mark") return control(vm, `${message.line}\n`);
  note(vm, { t: elapsed(vm.plan.clockStart), kind: "control", direction: "out", line: message.line });
  if (vm.plan.controlLog === undefined) socketOf(vm, "control")?.write(`${message.line}\n`);
});

function open(id: number, plan: RecordingPlan): void {
  const consoles = new Map<ConsoleName, ConsoleLog>();
  // Object.keys of a record of console names; importing the schema here would cost the thread its start-up time.
  const names = Object.keys(plan.consoles) as ConsoleName[];
  let events: number | undefined;
  try {
    events = openEvents(plan.traceDir);
    for (const name of names) consoles.set(name, new ConsoleLog(join(plan.traceDir, `${name}.log`)));
    const vm: Vm = {
      id,
      plan,
      lines: [],
      consoles,
      events,
      eventsLost: false,
      controlText: "",
      barrier: Promise.resolve(),
      open: 0,
      closing: false,
      announcing: false,
      flusher: undefined,
    };
    vms.set(id, vm);
    const { fifos = [], dialled = [] } = plan;
    for (const name of fifos) openFifos(vm, name, plan.consoles[name] ?? "");
    for (const name of dialled) vm.lines.push({ name, socket: undefined });
    const sockets = names.filter((name) => !fifos.includes(name) && !dialled.includes(name));
    listenAll(vm, [
      ...sockets.map((name) => [name, plan.consoles[name] ?? ""] as const),
      ...(plan.control === undefined ? [] : [["control", plan.control] as const]),
    ]);
  } catch (error) {
    for (const log of consoles.values()) log.close();
    if (events !== undefined) closeSync(events);
    const { message } = traceFault(plan.traceDir, "opening its logs", error);
    post({ vm: id, is: "fault", fatal: true, message });
    post({ vm: id, is: "finished" });
  }
}

function listenAll(vm: Vm, sockets: readonly (readonly [ConsoleName | "control", string])[]): void {
  let waiting = sockets.length;
  if (waiting === 0) for (const is of ["listening", "connected"] as const) post({ vm: vm.id, is });
  for (const [name, path] of sockets) {
    const server = createServer({ pauseOnConnect: true }, (accepted) => {
      if (line.socket) return void accepted.destroy();
      vm.open++;
      // One client for each line, then the name is gone from the file system.
      server.close();
      attach(vm, line, name === "control" ? readControl(vm, accepted) : readIntoOneBuffer(accepted, taking(vm, name)));
      sayConnected(vm);
    });
    const line: Line = { name, server, socket: undefined };
    vm.lines.push(line);
    server.on("error", (error) => {
      post({ vm: vm.id, is: "fault", fatal: true, message: `cannot listen on ${path}: ${error.message}` });
      close(vm);
    });
    server.listen(path, () => {
      if (--waiting === 0) post({ vm: vm.id, is: "listening" });
    });
  }
}

function sayConnected(vm: Vm): void {
  if (vm.lines.every((each) => each.socket)) post({ vm: vm.id, is: "connected" });
}

// No try again: the VMM has said that it listens.
function dial(vm: Vm): void {
  for (const name of vm.plan.dialled ?? []) {
    const line = vm.lines.find((each) => each.name === name);
    const path = vm.plan.consoles[name] ?? "";
    // Whoever reads it takes it as it is, before its first byte.
    const socket = connect(path).pause();
    const failed = (error: Error) => {
      post({ vm: vm.id, is: "fault", fatal: true, message: `cannot connect to ${path}: ${error.message}` });
      close(vm);
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      if (!line || vm.closing) return void socket.destroy();
      vm.open++;
      attach(vm, line, readIntoOneBuffer(socket, taking(vm, name)));
      sayConnected(vm);
    });
  }
}

// Opened before the VMM is there: reading waits for its first byte, and ends when it does.
function openFifos(vm: Vm, name: ConsoleName, path: string): void {
  const out = openSync(`${path}.out`, fromFifo);
  // Opened for reading too: a pipe that nobody reads yet cannot be opened for writing alone (fifo(7)).
  const input = new Socket({ fd: openSync(`${path}.in`, toFifo), readable: false, writable: true });
  input.on("error", () => {});
  // Only a pipe has room for what a UART sends meanwhile.
  const reading = new PacedReading((take) => readPipeIntoOneBuffer(out, take), taking(vm, name));
  const line: Line = { name, socket: undefined, reading, input };
  vm.lines.push(line);
  vm.open++;
  attach(vm, line, reading.socket);
}

const fromFifo = constants.O_RDONLY | constants.O_NONBLOCK;
const toFifo = constants.O_RDWR | constants.O_NONBLOCK;

function attach(vm: Vm, line: Line, socket: Socket): void {
  line.socket = socket;
  // A VMM that dies resets its sockets; what it sent before was read.
  socket.on("error", () => {});
  socket.on("close", () => {
    vm.open--;
    const isOver = vm.lines.every((each) => each.socket || !each.server || vm.closing);
    if (vm.open === 0 && isOver) void vm.barrier.then(() => finish(vm));
  });
}

function readControl(vm: Vm, connection: Socket): Socket {
  // A character may be cut in two by the socket's chunks: the decoder waits for its rest.
  return connection
    .setEncoding("utf8")
    .on("data", (text: string) => control(vm, text))
    .resume();
}

function taking(vm: Vm, name: ConsoleName): (bytes: Buffer) => void {
  const log = vm.consoles.get(name);
  return (bytes) => {
    if (log) record(vm, name, log, bytes);
  };
}

function record(vm: Vm, name: ConsoleName, log: ConsoleLog, bytes: Buffer): void {
  const now = elapsed(vm.plan.clockStart);
  if (log.isChunkOver(now)) flushChunk(vm, name, log);
  const error = log.take(bytes, now);
  if (error) {
    const { message } = traceFault(vm.plan.traceDir, `keeping the bytes of ${name} from offset ${log.kept} on`, error);
    post({ vm: vm.id, is: "fault", fatal: false, message });
  }
  announce(vm);
  vm.flusher ??= setTimeout(() => flushSilent(vm), flushMs);
}

// Without this the record of the last words before a silence would be written with the next ones, or never.
function flushSilent(vm: Vm): void {
  const now = elapsed(vm.plan.clockStart);
  for (const [name, log] of vm.consoles) if (log.isChunkOver(now)) flushChunk(vm, name, log);
  const isOpen = [...vm.consoles.values()].some((log) => log.hasChunk);
  vm.flusher = isOpen ? setTimeout(() => flushSilent(vm), flushMs) : undefined;
}

// Bytes are announced once a turn of the loop, however many reads it had.
function announce(vm: Vm): void {
  if (vm.announcing) return;
  vm.announcing = true;
  setImmediate(() => {
    vm.announcing = false;
    for (const [name, log] of vm.consoles) sayEnd(vm, name, log);
  });
}

function sayEnd(vm: Vm, name: ConsoleName, log: ConsoleLog): void {
  if (log.announced === log.kept) return;
  log.announced = log.kept;
  post({ vm: vm.id, is: "bytes", console: name, end: log.kept, at: log.arrivedAt });
}

function flushChunk(vm: Vm, name: ConsoleName, log: ConsoleLog): void {
  const chunk = log.takeChunk();
  if (chunk) note(vm, { t: chunk.at, kind: "console", console: name, offset: chunk.offset, length: chunk.length });
}

/** Appends a record to events.jsonl. A disk that refuses it must not end the thread, which other VMs share. */
function note(vm: Vm, event: TraceEvent): void {
  if (vm.eventsLost) return;
  try {
    appendLine(vm.events, event);
  } catch (error) {
    vm.eventsLost = true;
    const { message } = traceFault(vm.plan.traceDir, "writing to events.jsonl", error);
    post({ vm: vm.id, is: "fault", fatal: false, message });
  }
}

function control(vm: Vm, text: string): void {
  if (vm.plan.controlLog !== undefined) keepLog(vm, vm.plan.controlLog, text);
  const lines = (vm.controlText + text).split("\n");
  vm.controlText = lines.pop() ?? "";
  const at = elapsed(vm.plan.clockStart);
  for (const line of lines) {
    if (line.trim() !== "") vm.barrier = vm.barrier.then(() => passOn(vm, line.trim(), at));
  }
}

function keepLog(vm: Vm, path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    const { message } = traceFault(vm.plan.traceDir, "writing the VMM's log", error);
    post({ vm: vm.id, is: "fault", fatal: false, message });
  }
}

// What the VMM wrote to a console before this line is in that console's socket by now. One full turn of the event
// loop polls every socket, so after it those bytes are recorded and the offsets are exact.
async function passOn(vm: Vm, line: string, at: number): Promise<void> {
  for (const { reading } of vm.lines) reading?.catchUp();
  await turn();
  await turn();
  const offsets: Partial<Record<ConsoleName, number>> = {};
  for (const [name, log] of vm.consoles) {
    flushChunk(vm, name, log);
    sayEnd(vm, name, log);
    offsets[name] = log.end;
  }
  note(vm, { t: at, kind: "control", direction: "in", line });
  post({ vm: vm.id, is: "control", line: { line, at, offsets } });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function send(vm: Vm, name: ConsoleName, bytes: Uint8Array, isSecret: boolean): void {
  const socket = socketOf(vm, name);
  note(vm, {
    t: elapsed(vm.plan.clockStart),
    kind: "input",
    console: name,
    offset: vm.consoles.get(name)?.end ?? 0,
    ...(isSecret ? { hidden: bytes.length } : inputPayload(bytes)),
  });
  socket?.write(bytes);
}

function socketOf(vm: Vm, name: ConsoleName | "control"): Socket | undefined {
  const line = vm.lines.find((each) => each.name === name);
  const socket = line?.input ?? line?.socket;
  return socket?.writable ? socket : undefined;
}

function close(vm: Vm): void {
  if (vm.closing) return;
  vm.closing = true;
  for (const line of vm.lines) {
    line.server?.close();
    line.socket?.destroy();
  }
  if (vm.open === 0) void vm.barrier.then(() => finish(vm));
}

function finish(vm: Vm): void {
  if (!vms.delete(vm.id)) return;
  clearTimeout(vm.flusher);
  for (const line of vm.lines) {
    line.server?.close();
    line.input?.destroy();
  }
  for (const [name, log] of vm.consoles) {
    flushChunk(vm, name, log);
    sayEnd(vm, name, log);
    log.close();
  }
  closeSync(vm.events);
  post({ vm: vm.id, is: "finished" });
}
