import { HybridChannel } from "./hybrid.ts";
import { NativeChannel } from "./native.ts";
import { type ChannelWatcher, VhostUserChannel } from "./vhost-user-channel.ts";
import type { VsockChannel, VsockPlan } from "./vsock.ts";

/** Makes ready what the plan says, before its VMM starts. Rejects with HostError, with nothing left open. */
export async function openVsock(plan: VsockPlan, watcher: ChannelWatcher): Promise<VsockChannel> {
  switch (plan.transport) {
    case "vhost-user":
      return await VhostUserChannel.open(plan, watcher);
    case "vhost":
      return new NativeChannel(plan.cid, watcher.onFault);
    case "hybrid":
      return new HybridChannel(plan.path);
  }
}
