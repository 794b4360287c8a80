import type { Duplex } from "node:stream";
import { PortSocket } from "../host/port-socket.ts";
import { UsageError } from "../machine/errors.ts";
import type { VmmPlan } from "../vmm/contract.ts";

/** The virtio-serial ports of one machine, seen from the host. */
export class MachinePorts {
  private readonly sockets = new Map<string, PortSocket>();

  /** Before the VMM starts. Rejects with HostError; `close` then ends what was opened before. */
  async open({ ports = {} }: Pick<VmmPlan, "ports">): Promise<void> {
    for (const [name, path] of Object.entries(ports)) this.sockets.set(name, await PortSocket.open(path, name));
  }

  /** Throws UsageError for a port that the machine does not have. */
  use(name: string): Duplex {
    const socket = this.sockets.get(name);
    if (socket) return socket.use();
    throw new UsageError(`the machine has no port ${name}: write ports: ["${name}"]`);
  }

  /** Idempotent. */
  close(): void {
    for (const socket of this.sockets.values()) socket.close();
  }
}
