import { parseBackend } from "../console-backend.ts";
import { consoleNames, type SoundFields } from "../machine.ts";
import { formatPath, type Problem, problem, showWord } from "../problem.ts";
import type { Rule } from "../rules.ts";

interface Claim {
  /** What is claimed, in words: `tcp port 2222`, `the path run/com1`. */
  readonly what: string;
  /** The host address of a port; claims of one port clash when their addresses overlap. */
  readonly address?: string;
  readonly path: readonly PropertyKey[];
}

/** Things of the host that only one part of the machine can have: ports, socket and log paths, the terminal. */
export const hostRules: Rule = (machine) => {
  const claims = [...forwards(machine), ...consoles(machine), ...vsock(machine), ...display(machine)];
  return [
    ...claims.flatMap((claim, index) => clash(claim, claims.slice(0, index))),
    ...overwrites(machine),
    ...macs(machine),
  ];
};

function clash(claim: Claim, earlier: readonly Claim[]): Problem[] {
  const first = earlier.find((other) => other.what === claim.what && overlap(other.address, claim.address));
  return first === undefined
    ? []
    : [problem(claim.path, `${claim.what} is already used by ${formatPath(first.path)}: choose another`)];
}

function overlap(a = "", b = ""): boolean {
  const any = (address: string) => address === "0.0.0.0" || address === "::";
  return a === b || any(a) || any(b);
}

function forwards({ nics }: SoundFields): Claim[] {
  return (nics ?? []).flatMap(({ forward }, nic) =>
    forward.map(({ protocol, hostAddress, hostPort }, index) => ({
      what: `${protocol} port ${hostPort} of the host`,
      address: hostAddress,
      path: ["nics", nic, "forward", index, "hostPort"],
    })),
  );
}

function consoles(machine: SoundFields): Claim[] {
  return consoleNames.flatMap((name): Claim[] => {
    const backend = parseBackend(machine.consoles?.[name] ?? "none");
    const path = ["consoles", name];
    switch (backend?.kind) {
      case "console":
        return [{ what: "the terminal (console)", path }];
      case "listen":
      case "file":
        return [{ what: `the path ${showWord(backend.path)}`, path }];
      case "listen-tcp":
        return [{ what: `tcp port ${backend.port} of the host`, address: backend.host, path }];
      default:
        return [];
    }
  });
}

function vsock({ vsock }: SoundFields): Claim[] {
  return vsock?.path === undefined ? [] : [{ what: `the path ${showWord(vsock.path)}`, path: ["vsock", "path"] }];
}

function display(machine: SoundFields): Claim[] {
  if (typeof machine.display !== "object") return [];
  const { listen, port } = machine.display.vnc;
  return [{ what: `tcp port ${port} of the host`, address: listen, path: ["display", "vnc", "port"] }];
}

/** A console's file is emptied at start (OpenVMM: "overwrites"): it must not be one that the machine is made of. */
function overwrites(machine: SoundFields): Problem[] {
  const { boot, disks, memory } = machine;
  const inputs = new Set(disks?.map((disk) => disk.file));
  if (memory?.file !== undefined) inputs.add(memory.file);
  for (const [key, value] of Object.entries(boot ?? {})) {
    if (key !== "kind" && key !== "cmdline" && typeof value === "string") inputs.add(value);
  }
  return consoleNames.flatMap((name) => {
    const backend = parseBackend(machine.consoles?.[name] ?? "none");
    if ((backend?.kind !== "file" && backend?.kind !== "listen") || !inputs.has(backend.path)) return [];
    return [problem(["consoles", name], `${showWord(backend.path)} is part of the machine and would be overwritten`)];
  });
}

function macs({ nics }: SoundFields): Problem[] {
  const macs = (nics ?? []).map(({ mac }) => mac?.toLowerCase().replaceAll("-", ":"));
  return macs.flatMap((mac, index) => {
    if (mac === undefined) return [];
    const path = ["nics", index, "mac"];
    // IEEE 802: the lowest bit of the first byte marks a group address, which no station may have.
    if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) {
      return [problem(path, `${mac} is a multicast address: make the first pair even, as in 52:54:00:12:34:56`)];
    }
    const first = macs.indexOf(mac);
    return first === index ? [] : [problem(path, `${mac} is already the address of nics[${first}]: choose another`)];
  });
}
