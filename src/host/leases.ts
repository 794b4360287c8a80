import { connect, createServer, type Socket } from "node:net";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { HostError } from "../machine/errors.ts";
import { CidHolders } from "./cid-leases.ts";
import { newRunDirectory } from "./run-directory.ts";

/** What a VM takes of its host. */
export interface Resources {
  readonly memoryBytes: number;
  readonly vcpus: number;
}

export interface Lease {
  release(): void;
}

export interface LeaseBroker {
  /** A Unix socket; hand it to the workers. */
  readonly address: string;
  readonly held: () => Resources;
  close(): void;
}

interface Waiter extends Resources {
  readonly socket: Socket;
}

/** What a run may use when nobody says otherwise: four fifths of the free memory, every processor. */
export function defaultBudget(): Resources {
  return { memoryBytes: Math.floor(freemem() * 0.8), vcpus: availableParallelism() };
}

/**
 * Hands out memory and vCPUs to all workers of a run, in the order asked, so that nobody starves. A lease is an open
 * connection: it returns by itself when its holder dies. A VM with more vCPUs than the budget takes them all and runs
 * alone; one with more memory than the budget is refused at once.
 */
export async function startLeaseBroker(budget: Resources): Promise<LeaseBroker> {
  const run = newRunDirectory();
  const address = join(run.path, "leases");
  const queue: Waiter[] = [];
  const holders = new Map<Socket, Resources>();
  const cids = new CidHolders();
  const held = () =>
    [...holders.values()].reduce(
      (sum, each) => ({ memoryBytes: sum.memoryBytes + each.memoryBytes, vcpus: sum.vcpus + each.vcpus }),
      { memoryBytes: 0, vcpus: 0 },
    );
  const grant = () => {
    for (let first = queue[0]; first; first = queue[0]) {
      const used = held();
      if (used.memoryBytes + first.memoryBytes > budget.memoryBytes || used.vcpus + first.vcpus > budget.vcpus) return;
      queue.shift();
      holders.set(first.socket, first);
      first.socket.write("granted\n");
    }
  };
  const server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0) return;
      if (cids.answer(socket, text.slice(0, end))) return;
      const [memoryBytes = Number.NaN, vcpus = Number.NaN] = text.slice(0, end).split(" ").map(Number);
      text = "";
      if (!(memoryBytes <= budget.memoryBytes)) {
        socket.end(`refused ${budget.memoryBytes}\n`);
        return;
      }
      queue.push({ socket, memoryBytes, vcpus: Math.min(vcpus, budget.vcpus) });
      grant();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const index = queue.findIndex((waiter) => waiter.socket === socket);
      if (index >= 0) queue.splice(index, 1);
      holders.delete(socket);
      cids.delete(socket);
      grant();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new HostError(`cannot listen on ${address}: ${error.message}`)));
    server.listen(address, resolve);
  });
  server.unref();
  return {
    address,
    held,
    close() {
      server.close();
      for (const socket of [...holders.keys(), ...cids.keys()]) socket.destroy();
      for (const { socket } of queue) socket.destroy();
      run.remove();
    },
  };
}

/** Waits for its turn. Rejects with HostError if the host can never give that much, or with the signal's reason. */
export function acquireLease(
  address: string,
  wanted: Resources,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Lease> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const abort = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) return abort();
    socket.setEncoding("utf8");
    socket.once("connect", () => socket.write(`${wanted.memoryBytes} ${wanted.vcpus}\n`));
    socket.once("data", (answer: string) => {
      signal?.removeEventListener("abort", abort);
      if (answer.startsWith("granted")) {
        // The connection is the lease; it must not keep its holder's process alive.
        socket.unref();
        return resolve({ release: () => socket.destroy() });
      }
      socket.destroy();
      const most = Math.floor(Number(answer.split(" ")[1]) / 2 ** 20);
      reject(
        new HostError(
          `the VM wants ${Math.ceil(wanted.memoryBytes / 2 ** 20)} MiB, but this run may use ${most} MiB in all\n  give it less memory, or raise memoryBudget`,
        ),
      );
    });
    socket.on("error", (error) => reject(new HostError(`the lease broker is gone: ${error.message}`)));
    socket.once("close", () => reject(new HostError("the lease broker is gone")));
  });
}
