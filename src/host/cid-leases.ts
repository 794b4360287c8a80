import { connect, type Socket } from "node:net";
import { HostError } from "../machine/errors.ts";
import { firstCid } from "../machine/vsock.ts";

/** Where CIDs that nobody named come from: beyond those that people write by hand. */
const [from, until] = [2 ** 16, 2 ** 31];

/** A CID of the host kernel's vsock, which has one of each for all VMs of the host. */
export interface CidLease {
  readonly cid: number;
  release(): void;
}

/** The CIDs that VMs of a run have; one returns when its holder's connection ends. */
export class CidHolders extends Map<Socket, number> {
  /** Answers `cid` or `cid N`; false for another request. */
  answer(socket: Socket, request: string): boolean {
    const [, wanted] = /^cid(?: (\d+))?$/.exec(request) ?? [];
    if (!request.startsWith("cid")) return false;
    const taken = new Set(this.values());
    const cid = wanted === undefined ? freeCid(taken) : Number(wanted);
    if (taken.has(cid)) socket.end("refused\n");
    else {
      this.set(socket, cid);
      socket.write(`granted ${cid}\n`);
    }
    return true;
  }
}

function freeCid(taken: ReadonlySet<number>): number {
  for (;;) {
    const cid = from + Math.floor(Math.random() * (until - from));
    if (!taken.has(cid)) return cid;
  }
}

/**
 * A CID that no other VM of this run has: the one wanted, or any. Without a broker there is no run to share with. What
 * others on the host have is known to the kernel alone, which refuses it to the VMM. Rejects with HostError.
 */
export async function leaseCid(broker: string | undefined, wanted?: number): Promise<CidLease> {
  if (broker === undefined) return { cid: wanted ?? freeCid(new Set()), release: () => {} };
  const socket = connect(broker);
  const answer = await new Promise<string>((resolve, reject) => {
    const gone = (why: string) => reject(new HostError(`the lease broker is gone${why}`));
    socket.setEncoding("utf8").once("data", resolve);
    socket.once("error", (error) => gone(`: ${error.message}`)).once("close", () => gone(""));
    socket.write(wanted === undefined ? "cid\n" : `cid ${wanted}\n`);
  });
  if (answer.startsWith("granted ")) {
    // The connection is the lease; it must not keep its holder's process alive.
    socket.unref();
    return { cid: Number(answer.slice("granted ".length)), release: () => void socket.destroy() };
  }
  socket.destroy();
  throw cidInUse(wanted ?? firstCid, "another VM of this run");
}

export function cidInUse(cid: number, who: string, cause?: Error): HostError {
  return new HostError(`vsock.cid: ${who} has CID ${cid}\n  choose another, or leave it out`, { cause });
}
