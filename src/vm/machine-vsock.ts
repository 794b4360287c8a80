import { type CidLease, cidInUse, leaseCid } from "../host/cid-leases.ts";
import { HybridServer } from "../host/vsock/hybrid-server.ts";
import { openVsock } from "../host/vsock/open.ts";
import type { ChannelWatcher } from "../host/vsock/vhost-user-channel.ts";
import type { VsockChannel } from "../host/vsock/vsock.ts";
import type { Machine } from "../machine/machine.ts";
import type { RunPaths, VmmPlan } from "../vmm/contract.ts";

/** Our side of one machine's vsock: its CID, what is open before the VMM starts, and the socket for other programs. */
export class MachineVsock {
  private readonly wanted: Machine["vsock"];
  private readonly broker: string | undefined;
  private lease: CidLease | undefined;
  private server: HybridServer | undefined;
  private opened: VsockChannel | undefined;

  constructor({ vsock }: Machine, broker: string | undefined) {
    this.wanted = vsock;
    this.broker = broker;
  }

  get channel(): VsockChannel | undefined {
    return this.opened;
  }

  /** A CID, for a VM that shares those of its host. Rejects with HostError. */
  async cid(): Promise<Pick<RunPaths, "vsockCid">> {
    if (this.wanted?.transport !== "vhost") return {};
    this.lease = await leaseCid(this.broker, this.wanted.cid);
    return { vsockCid: this.lease.cid };
  }

  /** Rejects with HostError or UsageError; `close` then ends what was opened before. */
  async open(plan: VmmPlan, watcher: ChannelWatcher): Promise<void> {
    if (!plan.vsock) return;
    this.opened = await openVsock(plan.vsock, watcher);
    if (this.wanted?.path !== undefined) this.server = await HybridServer.open(this.wanted.path, this.opened);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.server?.close();
    this.server = undefined;
    await this.opened?.close();
    this.lease?.release();
  }

  /** A start that failed because somebody else on the host has the CID, which QEMU says in the kernel's words. */
  explain(error: unknown): unknown {
    if (!this.lease || !(error instanceof Error)) return error;
    if (!/unable to set guest cid: Address already in use/.test(error.message)) return error;
    return cidInUse(this.lease.cid, "another VM of this host", error);
  }
}
