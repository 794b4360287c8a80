import { listOf, suggest } from "../nearest.ts";
import { mtuForm, type NicInput, nicModels } from "../nic.ts";
import { show, showWord } from "../problem.ts";
import { splitCommas } from "./list-text.ts";
import type { Report } from "./option.ts";

type ForwardInput = NonNullable<NicInput["forward"]>[number];

const backends = ["consomme", "user", "none"];
const notCarried = ["tap", "dio", "vmnic"];

/**
 * OpenVMM's `consomme[:OPT,...]` with `hostfwd=tcp|udp:[ADDRESS]:PORT-:PORT`, its NAT in user mode; `user` is the
 * same by QEMU's name. `model=`, `mac=` and `mtu=` are ours. Without an address a port is open to this host only.
 */
export function readNic(text: string, report: Report): NicInput | undefined {
  if (/^(pcie_port=[^:]*|uh|vtl2|queues=\d+):/.test(text)) {
    report.notCarried(`the prefix "${text.slice(0, text.indexOf(":") + 1)}" is not carried yet: leave it out`);
    return undefined;
  }
  const colon = text.indexOf(":");
  const backend = colon < 0 ? text : text.slice(0, colon);
  if (notCarried.includes(backend)) {
    report.notCarried(`backend "${backend}" is not carried yet: use consomme (NAT, no root needed)`);
    return undefined;
  }
  if (!backends.includes(backend)) {
    report.wrong(`unknown backend ${show(backend)}: ${suggest(backend, [...backends, ...notCarried])}`);
    return undefined;
  }
  const nic: NicInput = { backend: backend === "none" ? "none" : "user" };
  if (colon < 0) return nic;
  if (nic.backend === "none") report.wrong("none takes no options");
  const forward: ForwardInput[] = [];
  for (const item of splitCommas(text.slice(colon + 1))) {
    const [, key, value = ""] = /^([a-z]+)=(.*)$/s.exec(item) ?? [];
    if (key === "hostfwd") forward.push(...readForward(value, report));
    else if (key === "mac") nic.mac = value;
    else if (key === "mtu" && /^\d{1,9}$/.test(value)) nic.mtu = Number(value);
    else if (key === "mtu") report.wrong(`${showWord(item)} is not accepted: ${mtuForm}`);
    else if (key === "model" && nicModels.some((model) => model === value)) {
      // It is one of the models, as the line above has found.
      nic.model = value as (typeof nicModels)[number];
    } else if (key === "model") report.wrong(`${showWord(item)} is not accepted: write ${listOf(nicModels)}`);
    else if (/^[\d.]+\/\d+$/.test(item))
      report.notCarried(`the guest network ${item} is not carried yet: leave it out`);
    else report.wrong(`unknown option ${show(item)}: write hostfwd=tcp:[ADDRESS]:PORT-:PORT, model=, mac= or mtu=`);
  }
  return forward.length === 0 ? nic : { ...nic, forward };
}

function readForward(text: string, report: Report): ForwardInput[] {
  const match = /^(tcp|udp):(\[[^\]]+\]|[^:]*):(\d{1,5})-(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(text);
  if (match === null) {
    const form = "hostfwd=tcp:[ADDRESS]:PORT-:PORT, such as hostfwd=tcp:127.0.0.1:2222-:22";
    report.wrong(`hostfwd=${showWord(text)} is not accepted: write ${form}`);
    return [];
  }
  const [, protocol, address = "", hostPort, guestAddress, guestPort] = match;
  if (guestAddress !== "") {
    report.notCarried(`the guest address ${guestAddress} is not carried yet: leave it empty, as in 2222-:22`);
    return [];
  }
  const hostAddress = address.replace(/^\[|\]$/g, "");
  return [
    {
      protocol: protocol === "udp" ? "udp" : "tcp",
      ...(hostAddress === "" ? {} : { hostAddress }),
      hostPort: Number(hostPort),
      guestPort: Number(guestPort),
    },
  ];
}
