import { isIP } from "node:net";
import type { NicInput } from "../../machine/nic.ts";
import type { ImportSheet } from "./sheet.ts";

/** A port of the host that leads into the guest. */
export type Forward = NonNullable<NicInput["forward"]>[number];

/** `[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport` (qemu(1), "-netdev user"). */
export function readForward(text: string, said: string, sheet: ImportSheet): Forward[] {
  const match = /^(tcp|udp)?:(\[[^\]]*\]|[^:]*):(\d+)-(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text.replace(/,$/, ""));
  const [, protocol = "tcp", address = "", hostPort, guestAddress = "", guestPort] = match ?? [];
  if (match === null) {
    if (text.includes("$") || /^unix:/.test(text))
      sheet.drop(`${said}: hostfwd=${text}`, "not a port that can be read here");
    else sheet.refuse(`${said}: Invalid host forwarding rule '${text}'`);
    return [];
  }
  if (guestAddress !== "" && guestAddress !== "10.0.2.15")
    sheet.drop(
      `${said}: hostfwd to ${guestAddress}`,
      "a port leads to the guest, whose address is the NAT's to choose",
    );
  const plain = address.replace(/^\[|\]$/g, "");
  const hostAddress = plain === "" ? "0.0.0.0" : plain === "localhost" ? "127.0.0.1" : plain;
  if (isIP(hostAddress) === 0) {
    sheet.drop(`${said}: hostfwd=${text}`, `${hostAddress} is no IP address: a machine's port names one`);
    return [];
  }
  return [
    {
      protocol: protocol === "udp" ? "udp" : "tcp",
      hostAddress,
      hostPort: Number(hostPort),
      guestPort: Number(guestPort),
    },
  ];
}
