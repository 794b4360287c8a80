import type { MachineInput } from "../../../machine/machine.ts";
import type { NicInput } from "../../../machine/nic.ts";
import { readForward } from "../../import/forward.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { OpenvmmLine } from "./line.ts";

/** `[pcie_port=P:][queues=N:][vtl2:|uh:]BACKEND`; `--nic` is `--net consomme`. */
export function readNics(line: OpenvmmLine, sheet: ImportSheet): NicInput[] {
  return line.all("nic", "net", "virtio-net", "mana").map(({ name, value, said }) => {
    const [, prefixes = "", backend = ""] = /^((?:pcie_port=[^:]*:|queues=\d+:|vtl2:|uh:)*)(.*)$/s.exec(value) ?? [];
    if (prefixes !== "") sheet.drop(`${said}: ${prefixes}`, "a machine leaves the place of its cards to the VMM");
    if (name === "mana" || name === "net") sheet.drop(said, "a machine has no VMBus or MANA cards: virtio is taken");
    return name === "nic" ? {} : readBackend(backend, said, sheet);
  });
}

function readBackend(text: string, said: string, sheet: ImportSheet): NicInput {
  const [kind = "", ...rest] = text.split(":");
  const options = rest.join(":");
  if (kind === "none") return { backend: "none" };
  if (kind === "tap" || kind === "dio" || kind === "vmnic") {
    sheet.drop(said, "a network of the host's: the card is put behind user-mode NAT");
    return {};
  }
  if (kind !== "consomme") {
    if (!text.includes("$"))
      sheet.refuse(`error: invalid value '${text}' for '${said.split(" ")[0]}': unknown backend '${kind}'`);
    return {};
  }
  const forward = (options === "" ? [] : options.split(",")).flatMap((item) => {
    const rule = /^hostfwd=(.*)$/.exec(item)?.[1];
    if (rule !== undefined) return readForward(rule, said, sheet);
    if (/^[\da-f.:]+\/\d+$/i.test(item)) sheet.drop(`${said}: ${item}`, "a machine's NAT has its VMM's own addresses");
    else sheet.refuse(`error: invalid value '${text}' for '${said.split(" ")[0]}': ${item}`);
    return [];
  });
  return forward.length === 0 ? {} : { forward };
}

export function readFilesystems(line: OpenvmmLine, sheet: ImportSheet): NonNullable<MachineInput["filesystems"]> {
  return line.all("virtio-9p").flatMap(({ value, said }) => {
    const [, port = "", rest = ""] = /^(pcie_port=[^:]*:)?(.*)$/s.exec(value) ?? [];
    if (port !== "") sheet.drop(`${said}: ${port}`, "a machine leaves the place of its devices to the VMM");
    const [, tag, path] = /^([^,]+),(.+)$/s.exec(rest) ?? [];
    if (tag !== undefined && path !== undefined) return [{ kind: "9p" as const, tag, path }];
    sheet.refuse(`error: invalid value '${value}' for '--virtio-9p': write TAG,PATH`);
    return [];
  });
}
