import { type ChannelName, channelNames } from "../machine/channel.ts";
import { UnsupportedError } from "../machine/errors.ts";
import { agentPortName } from "../machine/ports.ts";

/** What a machine and its image have to talk to a guest by. */
export interface ChannelFacts {
  /** The machine has a vsock device. */
  readonly hasVsock: boolean;
  /** The machine has the virtio-serial port that petri-agent serves. */
  readonly hasPort: boolean;
  /** Somebody can log in on COM1, and gets a shell. */
  readonly hasShell: boolean;
  /** The image starts `petri-agent serve` where the machine has what that listens on. */
  readonly hasAgent: boolean;
  /** Why it cannot be driven by SSH. */
  readonly noSsh: string | undefined;
}

export interface ChannelChoice {
  readonly name: ChannelName;
  readonly why: string;
}

/** Why a channel cannot be had; undefined where it can. */
const lacks: Readonly<Record<ChannelName, (facts: ChannelFacts) => string | undefined>> = {
  vsock: ({ hasVsock }) => (hasVsock ? undefined : "the machine has no vsock: write vsock: true"),
  "virtio-serial": ({ hasPort }) =>
    hasPort ? undefined : `the machine has no port for it: write ports: ["${agentPortName}"]`,
  ssh: ({ noSsh }) => noSsh,
  serial: ({ hasShell }) =>
    hasShell ? undefined : 'the image has no shell on a console: write driver: "shell", and its login or shellPrompt',
};

/** What nobody asked for is taken only where it is known to work. */
function isUsual(name: ChannelName, { hasAgent }: ChannelFacts): boolean {
  return name === "vsock" || name === "virtio-serial" ? hasAgent : true;
}

/**
 * The channel for a guest's programs and files: the one asked for, else the best that there is. Undefined where there
 * is none; throws UnsupportedError where the one asked for cannot be had.
 */
export function chooseChannel(asked: ChannelName | undefined, facts: ChannelFacts): ChannelChoice | undefined {
  if (asked !== undefined) {
    const lack = lacks[asked](facts);
    if (lack !== undefined) throw new UnsupportedError(`channel: ${asked} cannot be had: ${lack}`);
    return { name: asked, why: "as asked for" };
  }
  const name = channelNames.find((each) => lacks[each](facts) === undefined && isUsual(each, facts));
  if (name === undefined) return undefined;
  const passed = channelNames
    .slice(0, channelNames.indexOf(name))
    .map((each) => `no ${each}: ${lacks[each](facts) ?? "the image is not known to start petri-agent"}`);
  return { name, why: passed.length === 0 ? "the best there is" : passed.join("; ") };
}
