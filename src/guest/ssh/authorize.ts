import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import type { GuestChannel } from "../channel.ts";
import { publicKeyBytes } from "./keys.ts";

/** How long a busy guest may take for it. */
const authorizeMs = 60_000;

/**
 * sshd reads authorized_keys at each login (sshd(8)), and dropbear does. A guest that has no host key yet gets one: it
 * is to be known before anybody connects.
 */
const script = `umask 077
mkdir -p ~/.ssh || exit
printf '%s\\n' "$1" >>~/.ssh/authorized_keys || exit
keys=$2
[ -e "$keys/ssh_host_ed25519_key" ] || ssh-keygen -q -t ed25519 -N '' -f "$keys/ssh_host_ed25519_key" || exit
cat "$keys"/ssh_host_*_key.pub`;

const hostKeys = "/etc/ssh";

/**
 * Lets a key log in as whoever the channel runs programs as, and learns the guest's host keys.
 * @throws HostError with the guest's own reason
 */
export async function authorizeKey(
  channel: Pick<GuestChannel, "exec">,
  publicKey: string,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const { ok, stdout, stderr } = await channel.exec(["sh", "-c", script, "sh", publicKey, hostKeys], authorizeMs, {
    signal,
  });
  const lines = stdout.toString("utf8").split("\n").filter(Boolean);
  if (ok && lines.length > 0) return lines.map(publicKeyBytes);
  const problem = printable(stderr.toString("utf8").trim()) || "it has no host key";
  throw new HostError(`ssh: the guest does not take a key, or has no sshd: ${problem}`);
}
