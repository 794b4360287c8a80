import type { Duplex } from "node:stream";
import { AgentChannel } from "../guest/agent/agent-channel.ts";
import type { GuestChannel } from "../guest/channel.ts";
import { type VsockChannel, VsockError } from "../host/vsock/vsock.ts";
import { HostError } from "../machine/errors.ts";

/** Where petri-agent listens (fixtures/petri-agent/src/serve.c). */
const agentPort = 7007;
/** How long an agent may take to answer that is there: a busy guest is slow. */
const answerMs = 30_000;

/** Opens the channel to the agent that a ready guest runs. Rejects with HostError that says what to do. */
export async function openAgent(vsock: VsockChannel, signal: AbortSignal): Promise<GuestChannel> {
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
