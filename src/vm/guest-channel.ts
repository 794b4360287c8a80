import type { Duplex } from "node:stream";
import { AgentChannel } from "../guest/agent/agent-channel.ts";
import type { GuestChannel } from "../guest/channel.ts";
import type { ChannelChoice } from "../guest/choose-channel.ts";
import { type VsockChannel, VsockError } from "../host/vsock/vsock.ts";
import { HostError } from "../machine/errors.ts";
import { agentPortName } from "../machine/ports.ts";
import type { MachinePorts } from "./machine-ports.ts";

/** Where petri-agent listens (fixtures/petri-agent/src/serve.c). */
const agentPort = 7007;
/** How long an agent may take to answer that is there: a busy guest is slow. */
const answerMs = 30_000;

/** What a machine's agent is reached by. */
export interface AgentWays {
  readonly vsock: VsockChannel | undefined;
  readonly ports: Pick<MachinePorts, "use">;
}

/** What opens the channel to the agent of a guest that is ready; undefined for a channel that needs none. */
export function agentOpener(
  choice: ChannelChoice | undefined,
  { vsock, ports }: AgentWays,
): ((signal: AbortSignal) => Promise<GuestChannel>) | undefined {
  if (choice?.name === "vsock" && vsock) return (signal) => openByVsock(vsock, signal);
  if (choice?.name !== "virtio-serial") return undefined;
  const where = `port ${agentPortName}`;
  return (signal) =>
    AgentChannel.open("virtio-serial", ports.use(agentPortName), { where, timeoutMs: answerMs, signal });
}

/** Rejects with HostError that says what to do. */
async function openByVsock(vsock: VsockChannel, signal: AbortSignal): Promise<GuestChannel> {
  const where = `vsock port ${agentPort}`;
  let stream: Duplex;
  try {
    stream = await vsock.connect(agentPort, { timeoutMs: answerMs, signal });
  } catch (error) {
    if (!(error instanceof VsockError)) throw error;
    throw new HostError(
      `the channel vsock cannot be opened: ${error.message}\n  start it in the guest: petri-agent serve; or write channel: "serial"`,
      { cause: error },
    );
  }
  return await AgentChannel.open("vsock", stream, { where, timeoutMs: answerMs, signal });
}
