import { closeSync, lstatSync, openSync, rmSync, writeSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parseBackend } from "../machine/console-backend.ts";
import { HostError, UsageError } from "../machine/errors.ts";
import { type ConsoleName, consoleNames, type Machine } from "../machine/machine.ts";

/** What a client that is not there yet still gets, and what a slow one may leave unread. */
const keptBytes = 4 * 2 ** 20;

/** The far end of a console backend: a socket others connect to, or a file. */
export interface Relay {
  readonly console: ConsoleName;
  /** From the guest. */
  write(bytes: Buffer): void;
  /** To the guest; called from then on with what clients type. */
  onInput(listener: (bytes: Buffer) => void): void;
  /** Idempotent. */
  close(): void;
}

/** How a console's backend is called in messages: `consoles.com2 listen=/tmp/com2` unless the caller has other words. */
export type SayBackend = (console: ConsoleName, backend: string) => string;

const asInMachine: SayBackend = (console, backend) => `consoles.${console} ${backend}`;

/**
 * Opens what the machine's consoles relay to: `listen=PATH`, `listen=tcp:IP:PORT` and `file=PATH`. All of it before
 * the guest runs. Throws HostError for what is in use or cannot be opened, with nothing left open.
 */
export async function openRelays(consoles: Machine["consoles"], say: SayBackend = asInMachine): Promise<Relay[]> {
  const relays: Relay[] = [];
  try {
    for (const name of consoleNames) {
      const word = consoles[name] ?? "none";
      const backend = parseBackend(word);
      const option = say(name, word);
      if (backend?.kind === "file") relays.push(fileRelay(name, backend.path, option));
      if (backend?.kind === "listen") relays.push(await pathRelay(name, backend.path, option));
      if (backend?.kind === "listen-tcp") {
        relays.push(await socketRelay(name, { host: backend.host, port: backend.port }, option));
      }
    }
    return relays;
  } catch (error) {
    for (const relay of relays) relay.close();
    throw error;
  }
}

function fileRelay(console: ConsoleName, path: string, option: string): Relay {
  const fd = attempt(option, () => openSync(path, "w"));
  let isOpen = true;
  return {
    console,
    write(bytes) {
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      } catch (error) {
        throw new HostError(`${option}: ${(error as Error).message}`, { cause: error });
      }
    },
    onInput: () => {},
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/** Longer paths do not fit into sockaddr_un (unix(7)), and libuv cuts them off without a word. */
const mostPathBytes = process.platform === "linux" ? 107 : 103;

/**
 * Makes way for a socket at `path`. Throws UsageError for a path too long for one, HostError where somebody listens;
 * `option` says what asked for it.
 */
export async function claimSocketPath(path: string, option: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > mostPathBytes) {
    throw new UsageError(`${option}: a socket's path has at most ${mostPathBytes} bytes, this one ${length}`);
  }
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    if (await isAnswered(path)) throw inUse(option, path);
    // A socket nobody listens on was left by a process that is gone.
    attempt(option, () => rmSync(path));
  }
}

async function pathRelay(console: ConsoleName, path: string, option: string): Promise<Relay> {
  await claimSocketPath(path, option);
  return await socketRelay(console, { path }, option);
}

async function socketRelay(
  console: ConsoleName,
  address: { path: string } | { host: string; port: number },
  option: string,
): Promise<Relay> {
  const clients = new Set<Socket>();
  const early: Buffer[] = [];
  let earlyBytes = 0;
  let hasBeenUsed = false;
  let listener: (bytes: Buffer) => void = () => {};
  const server = createServer((client) => {
    clients.add(client);
    client.on("data", (bytes) => listener(bytes));
    client.on("error", () => client.destroy());
    client.on("close", () => clients.delete(client));
    if (!hasBeenUsed) for (const bytes of early.splice(0)) client.write(bytes);
    hasBeenUsed = true;
  });
  await listenOn(server, address, option);
  return {
    console,
    write(bytes) {
      if (!hasBeenUsed && earlyBytes + bytes.length <= keptBytes) {
        early.push(bytes);
        earlyBytes += bytes.length;
      }
      for (const client of clients) {
        client.write(bytes);
        if (client.writableLength > keptBytes) client.destroy();
      }
    },
    onInput(next) {
      listener = next;
    },
    close() {
      server.close();
      // What was written goes out first.
      for (const client of clients) client.destroySoon();
    },
  };
}

/** Listens there, or throws a HostError that names the option. */
export function listenOn(server: Server, address: { path: string } | { host: string; port: number }, option: string) {
  return new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = "path" in address ? address.path : `${address.host}:${address.port}`;
      reject(error.code === "EADDRINUSE" ? inUse(option, where, error) : cannot(option, error));
    });
    server.listen(address, resolve);
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function attempt<T>(option: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw cannot(option, error as Error);
  }
}

function inUse(option: string, where: string, cause?: Error): HostError {
  return new HostError(`${option}: ${where} is in use\n  stop what uses it, or choose another`, { cause });
}

function cannot(option: string, cause: Error): HostError {
  return new HostError(`${option} cannot be opened: ${cause.message}`, { cause });
}
