import { expect, test } from "vitest";
import { chooseChannel } from "./choose-channel.ts";

const all = { hasVsock: true, hasPort: true, hasShell: true, hasAgent: true, noSsh: "no sshd" };

test("the best that the machine and its image have is taken, and why no better one", () => {
  expect(chooseChannel(undefined, all)).toEqual({ name: "vsock", why: "the best there is" });
  expect(chooseChannel(undefined, { ...all, hasVsock: false })).toEqual({
    name: "virtio-serial",
    why: "no vsock: the machine has no vsock: write vsock: true",
  });
  expect(chooseChannel(undefined, { ...all, hasVsock: false, hasPort: false })).toMatchObject({ name: "serial" });
  expect(chooseChannel(undefined, { ...all, hasAgent: false })).toMatchObject({
    name: "serial",
    why: expect.stringContaining("no vsock: the image is not known to start petri-agent"),
  });
  expect(
    chooseChannel(undefined, { ...all, hasVsock: false, hasPort: false, hasShell: false, hasAgent: false }),
  ).toBeUndefined();
});

test("SSH where the image has it and something leads there, unless its agent is there", () => {
  const ssh = { ...all, noSsh: undefined };
  expect(chooseChannel(undefined, ssh)?.name).toBe("vsock");
  expect(chooseChannel(undefined, { ...ssh, hasVsock: false, hasPort: false })?.name).toBe("ssh");
  expect(chooseChannel("ssh", ssh)).toEqual({ name: "ssh", why: "as asked for" });
  expect(() => chooseChannel("ssh", all)).toThrow("channel: ssh cannot be had: no sshd");
});

test("what is asked for is taken, or refused with what to do", () => {
  expect(chooseChannel("serial", all)).toEqual({ name: "serial", why: "as asked for" });
  expect(chooseChannel("vsock", { ...all, hasAgent: false })).toEqual({ name: "vsock", why: "as asked for" });
  expect(() => chooseChannel("vsock", { ...all, hasVsock: false })).toThrow(
    "channel: vsock cannot be had: the machine has no vsock: write vsock: true",
  );
  expect(() => chooseChannel("serial", { ...all, hasShell: false })).toThrow(
    'channel: serial cannot be had: the image has no shell on a console: write driver: "shell"',
  );
});
