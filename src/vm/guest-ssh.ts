import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { GuestChannel } from "../guest/channel.ts";
import { authorizeKey } from "../guest/ssh/authorize.ts";
import { connectSsh, type SshIdentity, SshUnreachable } from "../guest/ssh/connect.ts";
import { HostKeyPin, type KeyPair, newKeyPair } from "../guest/ssh/keys.ts";
import { SshChannel } from "../guest/ssh/ssh-channel.ts";
import { connectTcp } from "../host/connect-tcp.ts";
import { type VsockChannel, VsockError } from "../host/vsock/vsock.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { SshServer } from "../machine/ssh.ts";
import { type Networks, type Route, routeTo, sshLack } from "./ssh-route.ts";

/** How long sshd may take to start once the guest is ready. */
const startMs = 30_000;
const pollMs = 250;

/** Made when it is first needed: each run has its own. */
let ofRun: KeyPair | undefined;

export interface GuestSsh {
  readonly machine: Networks;
  readonly image: ResolvedImage;
  readonly vsock: VsockChannel | undefined;
  /** The shell on the guest's console, for a guest that knows no key of ours. */
  readonly console: GuestChannel | undefined;
}

/**
 * Logs in to the sshd of a ready guest. Where the image says no key and no password, the console's shell lets this run's
 * own key in, and tells the guest's host keys; else the first host key that is seen is the VM's.
 * @throws HostError naming the phase that failed
 */
export async function openSsh(guest: GuestSsh, pin: HostKeyPin, signal: AbortSignal): Promise<GuestChannel> {
  const server = guest.image.ssh ?? {};
  const route = routeTo(server, guest.machine);
  if (!route) throw new Error(sshLack(guest.machine, guest.image));
  const identity = await identityFor(guest, server, pin, signal);
  const over = route.kind === "vsock" ? `vsock port ${route.port}` : `TCP port ${route.port} of ${route.host}`;
  const end = performance.now() + startMs;
  while (true) {
    try {
      const stream = await dial(route, guest.vsock, over, signal);
      const client = await connectSsh(stream, { ...identity, over, timeoutMs: startMs, signal });
      return new SshChannel(client, signal);
    } catch (error) {
      // Whoever greets nobody may not have started yet.
      if (!(error instanceof SshUnreachable) || performance.now() + pollMs > end) throw error;
      await sleep(pollMs, undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}

async function identityFor(
  { image, console }: GuestSsh,
  { user = image.login?.user ?? "root", key, password }: SshServer,
  hostKey: HostKeyPin,
  signal: AbortSignal,
): Promise<SshIdentity> {
  if (key !== undefined || password !== undefined || !console) {
    const privateKey = key === undefined ? {} : { privateKey: readFileSync(key, "utf8") };
    return { user, hostKey, ...privateKey, ...(password !== undefined && { password }) };
  }
  ofRun ??= newKeyPair("petri");
  const known = await authorizeKey(console, ofRun.publicKey, signal);
  return { user, privateKey: ofRun.privateKey, hostKey: new HostKeyPin(known) };
}

async function dial(route: Route, vsock: VsockChannel | undefined, over: string, signal: AbortSignal): Promise<Duplex> {
  try {
    if (route.kind === "tcp") return await connectTcp(route.host, route.port, signal);
    if (!vsock) throw new VsockError("ECONNREFUSED", route.port, "the VM has no vsock");
    return await vsock.connect(route.port, { timeoutMs: startMs, signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new SshUnreachable(`ssh over ${over}: connect: ${(error as Error).message}`, { cause: error });
  }
}
