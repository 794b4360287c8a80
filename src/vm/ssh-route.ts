import type { ResolvedImage } from "../image/recipe.ts";
import type { Machine } from "../machine/machine.ts";
import type { SshServer } from "../machine/ssh.ts";

export type Networks = Pick<Machine, "nics" | "vsock">;

/** Where sshd is reached from the host. */
export type Route =
  | { readonly kind: "vsock"; readonly port: number }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** Why a guest cannot be driven by SSH, with what to do; undefined if it can. */
export function sshLack(machine: Networks, image: ResolvedImage | undefined): string | undefined {
  if (!image?.ssh) return "the image is not known to have an SSH server: write ssh: {} into it";
  const { key, password, port = 22 } = image.ssh;
  if (!routeTo(image.ssh, machine)) {
    return `nothing leads to the guest's port ${port}: give the machine nics: [{ forward: [{ hostPort: 2222, guestPort: ${port} }] }]${image.ssh.vsockPort === undefined ? "" : ", or vsock: true"}`;
  }
  if (key !== undefined || password !== undefined || image.driver === "shell") return undefined;
  return "nobody may log in: give its ssh a key or a password, or the image a login for the console, which lets a key in";
}

/** vsock asks nothing of the guest's network. */
export function routeTo({ port = 22, vsockPort }: SshServer, { nics, vsock }: Networks): Route | undefined {
  if (vsock !== undefined && vsockPort !== undefined) return { kind: "vsock", port: vsockPort };
  const forward = nics.flatMap((nic) => nic.forward).find((each) => each.protocol === "tcp" && each.guestPort === port);
  if (!forward) return undefined;
  const anywhere = ["0.0.0.0", "::"].includes(forward.hostAddress);
  return { kind: "tcp", host: anywhere ? "127.0.0.1" : forward.hostAddress, port: forward.hostPort };
}
