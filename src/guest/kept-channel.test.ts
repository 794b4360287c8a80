import { expect, test } from "vitest";
import type { GuestChannel } from "./channel.ts";
import { keptChannel } from "./kept-channel.ts";

function setUp() {
  let stop: (reason: Error) => void = () => {};
  let end = () => {};
  const channels: { isOpen: boolean; closed: number }[] = [];
  const failures: Error[] = [];
  const channel = keptChannel(
    async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      const made = { isOpen: true, closed: 0, close: () => void made.closed++ };
      channels.push(made);
      // What keeps it asks no more of it.
      return made as unknown as GuestChannel;
    },
    {
      ready: async () => 0,
      onStop: (listener) => {
        stop = listener;
        return () => {};
      },
      onEnd: (close) => {
        end = close;
      },
    },
  );
  return { channel, channels, failures, stop: () => stop(new Error("the guest was reset")), end: () => end() };
}

test("one channel serves a boot; each boot has its own, and so has a loss", async () => {
  const { channel, channels, stop, end } = setUp();
  const [first, same] = await Promise.all([channel(), channel().then(() => channel())]);
  expect(same).toBe(first);
  stop();
  expect(await channel()).not.toBe(first);
  await expect.poll(() => channels[0]?.closed).toBe(1);
  const second = channels[1];
  if (second) second.isOpen = false;
  await channel();
  expect(channels).toHaveLength(3);
  end();
  await expect.poll(() => channels[2]?.closed).toBe(1);
});

test("one that could not be opened is tried again by the next command", async () => {
  const { channel, failures } = setUp();
  failures.push(new Error("nobody listens"));
  await expect(channel()).rejects.toThrow("nobody listens");
  expect((await channel()).isOpen).toBe(true);
});
