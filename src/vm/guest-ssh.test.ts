import { afterEach, expect, test } from "vitest";
import type { GuestChannel } from "../guest/channel.ts";
import { ExecResult } from "../guest/exec.ts";
import { HostKeyPin, newKeyPair } from "../guest/ssh/keys.ts";
import { type ServerOptions, sshServer } from "../guest/ssh/test/ssh-server.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { SshServer } from "../machine/ssh.ts";
import { parseMachine } from "../machine/validate.ts";
import { openSsh } from "./guest-ssh.ts";
import { sshLack } from "./ssh-route.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const always = new AbortController().signal;

// Of an image only what SSH looks at.
const imageWith = (ssh: SshServer | undefined, driver = "shell") =>
  ({ name: "an image", driver, ...(ssh && { ssh }) }) as ResolvedImage;

function machineWith(hostPort?: number, more: object = {}) {
  const nics = hostPort === undefined ? [] : [{ forward: [{ hostPort, guestPort: 22 }] }];
  return parseMachine({ boot: { kind: "pcat" }, nics, ...more });
}

/** A console whose guest lets every key in, and says that this is its host key. */
function consoleOf(hostKey: string, server: { publicKey?: string }): GuestChannel {
  const exec: GuestChannel["exec"] = async (command) => {
    server.publicKey = command.at(-2) ?? "";
    const facts = { command: "", stdout: Buffer.from(`${hostKey}\n`), stderr: Buffer.alloc(0), durationMs: 0 };
    return new ExecResult({ ...facts, exitCode: 0, signal: null });
  };
  return { exec } as GuestChannel;
}

async function serve(options: ServerOptions & { publicKey?: string }) {
  const server = await sshServer(options);
  cleanUps.push(server.close);
  return server;
}

test("why a guest cannot be driven by SSH, and what to do", () => {
  const forwarded = machineWith(2222);
  expect(sshLack(forwarded, undefined)).toBe("the image is not known to have an SSH server: write ssh: {} into it");
  expect(sshLack(machineWith(), imageWith({}))).toBe(
    "nothing leads to the guest's port 22: give the machine nics: [{ forward: [{ hostPort: 2222, guestPort: 22 }] }]",
  );
  expect(sshLack(machineWith(), imageWith({ vsockPort: 22 }))).toMatch(/, or vsock: true$/);
  expect(sshLack(machineWith(undefined, { vsock: true }), imageWith({ vsockPort: 22 }))).toBeUndefined();
  expect(sshLack(forwarded, imageWith({ port: 2200 }))).toContain("the guest's port 2200");
  expect(sshLack(forwarded, imageWith({}, "none"))).toMatch(/^nobody may log in: give its ssh a key or a password/);
  expect(sshLack(forwarded, imageWith({ password: "x" }, "none"))).toBeUndefined();
  expect(sshLack(forwarded, imageWith({}))).toBeUndefined();
});

test("the console lets this run's key in, and its word on the host key counts", async () => {
  const host = newKeyPair("host");
  const options: ServerOptions & { publicKey?: string } = { hostKey: host.privateKey };
  const { port } = await serve(options);
  const guest = { machine: machineWith(port), image: imageWith({}), vsock: undefined };
  const channel = await openSsh({ ...guest, console: consoleOf(host.publicKey, options) }, new HostKeyPin(), always);
  cleanUps.push(() => channel.close());
  expect((await channel.exec("echo in", 5_000)).text).toBe("in");
  const other = consoleOf(newKeyPair("other").publicKey, options);
  await expect(openSsh({ ...guest, console: other }, new HostKeyPin(), always)).rejects.toThrow(
    /^ssh to root over TCP port \d+ of 127\.0\.0\.1: host key: it is SHA256:/,
  );
});

test("an sshd that has not started yet is waited for, one that refuses is not", async () => {
  const { port } = await serve({ password: "right", mute: 2 });
  const guest = { machine: machineWith(port), vsock: undefined, console: undefined };
  const pin = new HostKeyPin();
  const channel = await openSsh({ ...guest, image: imageWith({ user: "me", password: "right" }) }, pin, always);
  cleanUps.push(() => channel.close());
  expect((await channel.exec("echo in", 5_000)).text).toBe("in");
  await expect(openSsh({ ...guest, image: imageWith({ user: "me", password: "wrong" }) }, pin, always)).rejects.toThrow(
    /login: the guest does not take the password of me$/,
  );
  const boot = new AbortController();
  const nobody = { ...guest, machine: machineWith(1), image: imageWith({ password: "x" }) };
  const waiting = expect(openSsh(nobody, pin, boot.signal)).rejects.toThrow("the guest was reset");
  boot.abort(new Error("the guest was reset"));
  await waiting;
});
