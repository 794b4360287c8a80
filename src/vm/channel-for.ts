import { type ChannelChoice, type ChannelFacts, chooseChannel } from "../guest/choose-channel.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { ChannelName } from "../machine/channel.ts";
import type { Machine } from "../machine/machine.ts";
import { agentPortName } from "../machine/ports.ts";
import { sshLack } from "./ssh-route.ts";

/** The channel for this machine's guest; undefined where it has none. Throws UnsupportedError: see chooseChannel. */
export function channelFor(
  machine: Pick<Machine, "vsock" | "ports" | "nics">,
  image: ResolvedImage | undefined,
  asked: ChannelName | undefined,
): ChannelChoice | undefined {
  const facts: ChannelFacts = {
    hasVsock: machine.vsock !== undefined,
    hasPort: machine.ports.includes(agentPortName),
    hasShell: image?.driver === "shell",
    hasAgent: image?.hasAgent ?? false,
    noSsh: sshLack(machine, image),
  };
  return chooseChannel(asked ?? image?.channel, facts);
}
