import { quote } from "../../guest/command.ts";
import type { ResolvedImage } from "../../image/recipe.ts";
import type { Machine } from "../../machine/machine.ts";

/**
 * How to log in with the system's ssh(1): where a port of the host leads to the image's sshd, and the image says who may.
 * Host keys change from VM to VM, so none is kept.
 */
export function sshLine({ nics }: Pick<Machine, "nics">, image: ResolvedImage | undefined): string | undefined {
  const { user = image?.login?.user ?? "root", key, password, port = 22 } = image?.ssh ?? {};
  const forward = nics.flatMap((nic) => nic.forward).find((each) => each.protocol === "tcp" && each.guestPort === port);
  if (!forward || (key === undefined && password === undefined)) return undefined;
  const host = ["0.0.0.0", "::"].includes(forward.hostAddress) ? "127.0.0.1" : forward.hostAddress;
  const words = [
    ...["ssh", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"],
    ...(key === undefined ? [] : ["-i", key]),
    ...["-p", String(forward.hostPort), `${user}@${host}`],
  ];
  return words.map(quote).join(" ");
}
