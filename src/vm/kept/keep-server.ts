import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { newRunDirectory, type RunDirectory } from "../../host/run-directory.ts";
import { UnsupportedError } from "../../machine/errors.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import type { KeptVm } from "./kept-vm.ts";
import {
  factsName,
  firstLine,
  gdbName,
  type KeptAction,
  type KeptFacts,
  type KeptReply,
  keptRequest,
  longestLine,
  socketName,
} from "./protocol.ts";

/** How much of what a console printed before is shown to one who comes. */
const shownBytes = 4096;
let count = 0;

/** Lets others on this machine, of the same user, look at a kept VM: `petri attach`. */
export class KeepServer {
  readonly name: string;
  /** Resolves when somebody has no more use for the VM. */
  readonly discarded: Promise<void>;
  readonly #vm: KeptVm;
  readonly #folder: RunDirectory;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #discard: () => void = () => {};

  private constructor(vm: KeptVm, name: string, folder: RunDirectory) {
    this.#vm = vm;
    this.name = name;
    this.#folder = folder;
    this.discarded = new Promise((resolve) => {
      this.#discard = resolve;
    });
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#welcome(client));
  }

  /** Rejects with HostError where no run directory can be made. */
  static async open(vm: KeptVm, facts: Pick<KeptFacts, "test" | "failure">): Promise<KeepServer> {
    const name = `${process.pid}${count++ === 0 ? "" : `.${count}`}`;
    const folder = newRunDirectory();
    const server = new KeepServer(vm, name, folder);
    const { vmm, traceDir, consoles, ssh } = vm;
    const all: KeptFacts = {
      ...facts,
      name,
      vmm,
      traceDir,
      consoles: [...consoles],
      ...(ssh !== undefined && { ssh }),
    };
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject).listen(join(folder.path, socketName), resolve);
    });
    // Only now: who finds it can connect.
    writeFileSync(join(folder.path, factsName), JSON.stringify(all));
    return server;
  }

  /** Whoever is attached is told by the end of the connection. Idempotent. */
  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    this.#folder.remove();
  }

  #welcome(client: Socket): void {
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client)).on("error", () => client.destroy());
    let asked = Buffer.alloc(0);
    const listen = (bytes: Buffer) => {
      asked = Buffer.concat([asked, bytes]);
      const first = firstLine(asked);
      if (!first && asked.length <= longestLine) return;
      client.off("data", listen);
      if (!first) client.destroy();
      else void this.#serve(client, first.line, first.rest);
    };
    client.on("data", listen);
  }

  async #serve(client: Socket, line: string, rest: Buffer): Promise<void> {
    const reply = (said: KeptReply) => client.write(`${JSON.stringify(said)}\n`);
    try {
      const request = keptRequest.parse(JSON.parse(line));
      if (request.do === "console") {
        reply({ text: this.#vm.state });
        return this.#join(client, request.console, rest);
      }
      reply({ text: await this.#act(request.do) });
      client.end();
      // The answer is on its way: the VM's end must not overtake it.
      if (request.do === "discard") client.once("close", () => this.#discard());
    } catch (error) {
      reply({ error: error instanceof Error ? error.message : String(error) });
      client.end();
    }
  }

  /** A tee: the recorder reads on as before, and so do other clients. */
  #join(client: Socket, console: ConsoleName, typed: Buffer): void {
    const stop = this.#vm.pipe(console, Math.max(0, this.#vm.end(console) - shownBytes), (bytes) => {
      if (client.write(bytes)) return undefined;
      return new Promise<void>((resolve) => {
        client.once("drain", resolve).once("close", resolve);
      });
    });
    const type = (bytes: Buffer) => this.#vm.type(console, bytes);
    client.once("close", stop).once("end", () => client.end());
    client.on("data", type);
    if (typed.length > 0) type(typed);
  }

  async #act(action: KeptAction): Promise<string> {
    const vm = this.#vm;
    switch (action) {
      case "info":
        return vm.state;
      case "pause":
        await vm.freeze();
        return "the guest is paused";
      case "resume":
        await vm.resume();
        return "the guest runs on";
      case "discard":
        return "discarded";
      case "registers":
        return await facet(vm, "registers")();
      case "screenshot":
        return await this.#screenshot();
      case "gdb":
        return await this.#gdb();
    }
  }

  /** A picture where the VMM draws one, else what the screen says. */
  async #screenshot(): Promise<string> {
    const { screenText, screenshot } = this.#vm.facets;
    if (!screenshot && screenText) return await screenText();
    const taken = facet(this.#vm, "screenshot");
    const file = freeName(this.#vm.traceDir, "attached");
    await taken(file);
    return join(this.#vm.traceDir, file);
  }

  async #gdb(): Promise<string> {
    const path = join(this.#folder.path, gdbName);
    if (!existsSync(path)) await facet(this.#vm, "gdb")(path);
    return path;
  }
}

function facet<F extends "registers" | "screenshot" | "gdb">(vm: KeptVm, name: F) {
  const found = vm.facets[name];
  if (found) return found;
  throw new UnsupportedError(`${vm.vmm} has no ${name} for this machine`);
}

function freeName(folder: string, stem: string): string {
  for (let n = 1; ; n++) {
    const name = `${stem}-${n}.png`;
    if (!existsSync(join(folder, name))) return name;
  }
}
