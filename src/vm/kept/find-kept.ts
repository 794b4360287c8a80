import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { runRoot } from "../../host/run-directory.ts";
import { hasLiveOwner } from "../../host/sweep.ts";
import { HostError, UsageError } from "../../machine/errors.ts";
import {
  factsName,
  firstLine,
  type KeptFacts,
  type KeptReply,
  type KeptRequest,
  keptFacts,
  keptReply,
  longestLine,
  socketName,
} from "./protocol.ts";

export interface FoundVm extends KeptFacts {
  readonly socket: string;
}

/** The VMs that test runs of this user keep on this machine. */
export function findKept(): FoundVm[] {
  const root = runRoot();
  const owners = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
  return owners
    .filter((dir) => hasLiveOwner(dir))
    .flatMap((dir) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []))
    .flatMap((dir) => readFacts(dir) ?? [])
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** @throws UsageError with those that there are */
export function keptNamed(name: string): FoundVm {
  const all = findKept();
  const found = all.find((each) => each.name === name);
  if (found) return found;
  const names = all.map((each) => each.name).join(", ");
  throw new UsageError(
    all.length === 0
      ? `no VM is kept: petri test --pause keeps those of failing tests`
      : `no VM is kept as ${name}: there ${all.length === 1 ? "is" : "are"} ${names}`,
  );
}

/** Asks once. @throws HostError with the reason if it is not done, or if the VM is gone */
export async function askKept(vm: FoundVm, request: KeptRequest): Promise<string> {
  const { reply, socket } = await connectKept(vm, request);
  socket.destroy();
  return reply;
}

/** Asks, and keeps the connection: that of a console is the console from then on. */
export async function connectKept(
  { socket: path, name }: FoundVm,
  request: KeptRequest,
): Promise<{ reply: string; socket: Socket; rest: Buffer }> {
  const socket = createConnection(path);
  try {
    const { line, rest } = await new Promise<{ line: string; rest: Buffer }>((resolve, reject) => {
      let heard = Buffer.alloc(0);
      const listen = (bytes: Buffer) => {
        heard = Buffer.concat([heard, bytes]);
        const first = firstLine(heard);
        if (!first && heard.length <= longestLine) return;
        socket.pause().off("data", listen);
        if (first) resolve(first);
        else reject(new Error("it answers in another tongue"));
      };
      socket.on("data", listen).once("error", reject);
      socket.once("close", () => reject(new Error("it ended before it answered")));
      socket.write(`${JSON.stringify(request)}\n`);
    });
    const told: KeptReply = keptReply.parse(JSON.parse(line));
    if (told.error !== undefined) throw new HostError(`${name}: ${told.error}`);
    return { reply: told.text ?? "", socket, rest };
  } catch (error) {
    socket.destroy();
    if (error instanceof HostError) throw error;
    throw new HostError(`the VM ${name} cannot be reached: ${(error as Error).message}`, { cause: error });
  }
}

/** Undefined where nothing is kept, or not yet. */
function readFacts(dir: string): FoundVm | undefined {
  try {
    const facts = keptFacts.parse(JSON.parse(readFileSync(join(dir, factsName), "utf8")));
    return { ...facts, socket: join(dir, socketName) };
  } catch {
    return undefined;
  }
}
