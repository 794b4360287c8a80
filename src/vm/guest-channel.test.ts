import { expect, test } from "vitest";
import { type VsockChannel, VsockError } from "../host/vsock/vsock.ts";
import { channelFor } from "./channel-for.ts";
import { agentOpener } from "./guest-channel.ts";
import { MachinePorts } from "./machine-ports.ts";

const never = new AbortController().signal;
const machine = { vsock: {}, ports: ["petri.agent"], nics: [] };

test("a guest whose agent does not listen is told from one that is gone, with what to do", async () => {
  const refused = new VsockError("ECONNREFUSED", 7007, "nobody in the guest listens on port 7007");
  const failures: Error[] = [refused, new Error("the guest was reset")];
  const vsock: Pick<VsockChannel, "connect"> = { connect: () => Promise.reject(failures.shift()) };
  // Only connect is asked of it.
  const open = agentOpener({ name: "vsock", why: "" }, { vsock: vsock as VsockChannel, ports: new MachinePorts() });
  await expect(open?.(never)).rejects.toThrow(
    /^the channel vsock cannot be opened: vsock port 7007: .*nobody in the guest listens on port 7007\n {2}start it in the guest: petri-agent serve; or write channel: "serial"$/,
  );
  await expect(open?.(never)).rejects.toThrow(/^the guest was reset$/);
});

test("a port that its VMM has not connected is no channel", async () => {
  const open = agentOpener({ name: "virtio-serial", why: "" }, { vsock: undefined, ports: new MachinePorts() });
  expect(() => open?.(never)).toThrow('the machine has no port petri.agent: write ports: ["petri.agent"]');
  expect(agentOpener({ name: "serial", why: "" }, { vsock: undefined, ports: new MachinePorts() })).toBeUndefined();
});

test("the choice is the test's, then the image's, then the best there is", () => {
  const image = { driver: "shell", hasAgent: true, channel: "virtio-serial" };
  // What is asked of an image here.
  const resolved = image as NonNullable<Parameters<typeof channelFor>[1]>;
  expect(channelFor(machine, resolved, "serial")?.name).toBe("serial");
  expect(channelFor(machine, resolved, undefined)?.name).toBe("virtio-serial");
  const { channel: _, ...plain } = resolved;
  expect(channelFor(machine, plain, undefined)?.name).toBe("vsock");
  expect(channelFor(machine, undefined, undefined)).toBeUndefined();
});
