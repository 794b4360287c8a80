import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const entry = fileURLToPath(new URL("../main.ts", import.meta.url));
const guests = new URL("../../../../../fixtures/petri-guest/built/", import.meta.url);
export const petriGuest = fileURLToPath(new URL("petri-guest.elf", guests));
export const petriGuestDisk = fileURLToPath(new URL("petri-guest.img", guests));
export const READY = /petri-guest ready \w+ [\d.]+\r?\n/;

const DEADLINE_MS = 20_000;

export interface Event {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** How many bytes of COM1 had arrived when the event did. */
  readonly com1Length: number;
}
export interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** The harness's side of a real petri-v86 process: listens on its sockets, keeps all that it says. */
export class SpawnedVm {
  readonly child: ChildProcess;
  readonly ended: Promise<End>;
  readonly events: Event[] = [];
  readonly printed: Record<string, string> = {};
  readonly sockets: Record<string, Socket> = {};
  /** Everything received on the control channel, in order. */
  readonly messages: Record<string, unknown>[] = [];
  end: End | undefined;

  static async start(args: readonly string[], consoles: readonly string[] = ["com1"]): Promise<SpawnedVm> {
    const directory = mkdtempSync(join(tmpdir(), "petri-v86-"));
    const names = [...consoles, "control"];
    const vm = new SpawnedVm(directory, names, args);
    const servers = names.map((name) => vm.#listen(name, join(directory, name)));
    onTestFinished(async () => {
      vm.child.kill("SIGKILL");
      await vm.ended;
      for (const server of servers) server.close();
      for (const socket of Object.values(vm.sockets)) socket.destroy();
      rmSync(directory, { recursive: true });
    });
    await vm.until("the greeting", () => vm.end ?? vm.messages[0]);
    return vm;
  }

  private constructor(directory: string, names: readonly string[], args: readonly string[]) {
    const sockets = names.flatMap((name) => [`--${name}`, `unix:${join(directory, name)}`]);
    this.child = spawn(process.execPath, ["--import", "tsx", entry, ...sockets, ...args], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    let stderr = "";
    this.child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.end = { code, signal, stderr };
        resolve(this.end);
      });
    });
  }

  #listen(name: string, path: string): Server {
    this.printed[name] = "";
    return createServer((socket) => {
      this.sockets[name] = socket;
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        this.printed[name] += chunk.toString("latin1");
        if (name === "control") this.#parse();
      });
    }).listen(path);
  }

  #parse(): void {
    const lines = (this.printed.control ?? "").split("\r\n");
    this.printed.control = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line);
      this.messages.push(message);
      if (message.event) this.events.push({ ...message, com1Length: this.printed.com1?.length ?? 0 });
    }
  }

  /** Waits until `probe` gives something. */
  async until<T>(what: string, probe: () => T | undefined | false): Promise<T> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const found = probe();
      if (found) return found;
      if (performance.now() > deadline) {
        throw new Error(
          `waited ${DEADLINE_MS} ms for ${what}: ${JSON.stringify([this.events, this.printed, this.end])}`,
        );
      }
      await sleep(2);
    }
  }

  /** The answer to a command: its `return`, or `{ error }`. */
  async command(execute: string): Promise<Record<string, unknown>> {
    const id = this.messages.length + Math.random();
    this.sockets.control?.write(`${JSON.stringify({ execute, id })}\n`);
    const answer = await this.until(execute, () => this.messages.find((message) => message.id === id));
    return "return" in answer ? (answer.return as Record<string, unknown>) : { error: answer.error };
  }

  send(text: string, console = "com1"): void {
    this.sockets[console]?.write(text);
  }

  /** Waits for text on a console from an offset on. */
  async prints(pattern: RegExp | string, from = 0, console = "com1"): Promise<void> {
    await this.until(`${pattern} on ${console}`, () => {
      const text = this.printed[console]?.slice(from) ?? "";
      return typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
    });
  }

  /** Physical memory of the process (proc(5), `VmRSS`). */
  async residentMiB(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** CPU time of the process (proc(5), `utime` and `stime`, in ticks of 10 ms). */
  async cpuMs(): Promise<number> {
    const [, fields = ""] = (await readFile(`/proc/${this.child.pid}/stat`, "utf8")).split(") ");
    const [utime, stime] = fields.split(" ").slice(11, 13).map(Number);
    return ((utime ?? 0) + (stime ?? 0)) * 10;
  }

  event(name: string, index = 0): Promise<Event> {
    return this.until(`the event ${name}`, () => this.events.filter((event) => event.event === name)[index]);
  }
}

/** petri-guest, booted and at its prompt. */
export async function bootPetriGuest(args: readonly string[] = [], consoles?: readonly string[]): Promise<SpawnedVm> {
  const vm = await SpawnedVm.start(["--multiboot", petriGuest, ...args], consoles);
  await vm.command("cont");
  await vm.prints(READY);
  return vm;
}
