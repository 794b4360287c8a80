import type { NicInput } from "../../../machine/nic.ts";
import { type Forward, readForward } from "../../import/forward.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import { type Devices, deviceReason } from "./devices.ts";
import { netdevTypes } from "./known.ts";
import { type Opts, readOpts } from "./opts.ts";

type Model = NonNullable<NicInput["model"]>;

/** What is behind a card. */
interface Net {
  readonly backend: "user" | "none";
  readonly forward: readonly Forward[];
}

const nicKinds =
  /^(virtio-net|e1000|e1000-\w+|e1000e|rtl8139|ne2k_pci|ne2k_isa|pcnet|i825\w+|i82801|i82562|vmxnet3|tulip|rocker|usb-net|igb|sungem|spapr-vlan|smc91c111|virtio-net-ccw)$/;

export function readNics(line: CommandLine, board: Board, devices: Devices, sheet: ImportSheet): NicInput[] {
  const redirected = line.all("redir").flatMap(({ value }) => readRedirection(value, sheet));
  const nets = readNetdevs(line, sheet);
  const used = new Set<string>();
  const cards = devices.take(nicKinds).map(({ kind, opts }): NicInput => {
    const id = opts.take("netdev", "vlan");
    const net = id === undefined ? undefined : nets.get(id);
    if (id !== undefined && net === undefined && opts.peek("vlan") === undefined && !id.includes("$")) {
      sheet.refuse(`${opts.said},netdev=${id}: Property '${kind}.netdev' can't find value '${id}'`);
    }
    if (id !== undefined && used.has(id)) sheet.refuse(`${opts.said}: netdev '${id}' is already in use`);
    if (id !== undefined) used.add(id);
    const mtu = opts.take("host_mtu");
    const nic = { ...card(modelOf(kind, opts.said, sheet), opts.take("mac"), net), ...readMtu(mtu, opts.said, sheet) };
    opts.take("romfile", "bootindex");
    opts.dropRest(sheet, deviceReason);
    return nic;
  });
  for (const id of nets.keys()) if (!used.has(id)) sheet.drop(`-netdev id=${id}`, "no -device uses it");
  const all = [...cards, ...readShortNics(line, board, sheet), ...readLegacy(line, board, sheet)];
  return redirected.length === 0
    ? all
    : [{ ...all[0], forward: [...(all[0]?.forward ?? []), ...redirected] }, ...all.slice(1)];
}

/** QEMU adds a card where nothing is said of any; nobody asked for it, and other VMMs have none. */
export function tellDefaultNic(line: CommandLine, nics: readonly NicInput[], board: Board, sheet: ImportSheet): void {
  if (!board.hasDefaults || nics.length > 0 || line.has("net", "nic", "netdev")) return;
  sheet.drop(
    "(no -nic)",
    "QEMU then adds a card behind its user-mode NAT; a machine has the cards it names: add --nic",
  );
}

function card(model: Model, mac: string | undefined, net: Net | undefined): NicInput {
  return {
    model,
    backend: net?.backend ?? "none",
    ...(mac === undefined ? {} : { mac }),
    ...(net === undefined || net.forward.length === 0 ? {} : { forward: [...net.forward] }),
  };
}

/** Zero is what QEMU takes for none (hw/net/virtio-net.c). */
function readMtu(text: string | undefined, said: string, sheet: ImportSheet): Pick<NicInput, "mtu"> {
  if (text === undefined || /^0+$/.test(text)) return {};
  if (/^\d{1,5}$/.test(text)) return { mtu: Number(text) };
  if (!text.includes("$")) sheet.refuse(`${said},host_mtu=${text}: Parameter 'host_mtu' expects a number`);
  else sheet.drop(`${said}: host_mtu=${text}`, "a variable of the shell's stands for the MTU");
  return {};
}

function modelOf(name: string, said: string, sheet: ImportSheet): Model {
  if (/^virtio/.test(name)) return "virtio";
  if (/^(e1000(-\w+)?|82540em)$/.test(name)) return "e1000";
  if (name === "rtl8139") return "rtl8139";
  if (/^ne2k/.test(name)) return "ne2k";
  sheet.drop(said, `a machine's cards are virtio, e1000, rtl8139 and ne2k, not ${name}: e1000 is taken`);
  return "e1000";
}

function readNetdevs(line: CommandLine, sheet: ImportSheet): Map<string, Net> {
  const nets = new Map<string, Net>();
  for (const { value } of line.all("netdev")) {
    const opts = readOpts("-netdev", value, "type");
    const [type, id] = [opts?.take("type"), opts?.take("id")];
    if (opts === undefined || type === undefined || !isNetdev(type)) {
      sheet.refuse(`-netdev ${value.slice(0, 60)}: Parameter 'type' expects a netdev backend type`);
    } else if (id === undefined) sheet.refuse(`${opts.said}: Parameter 'id' is missing`);
    else if (nets.has(id)) sheet.refuse(`-netdev id=${id}: Duplicate ID '${id}' for netdev`);
    else nets.set(id, readNet(type, opts, sheet));
  }
  return nets;
}

const isNetdev = (type: string) => netdevTypes.has(type) && type !== "none";

/** Only NAT in user mode is the same everywhere; a bridge or tap is the host's, a socket leads to another program. */
function readNet(type: string, opts: Opts, sheet: ImportSheet): Net {
  if (type === "user") {
    const forward = opts.all("hostfwd").flatMap((text) => readForward(text, opts.said, sheet));
    opts.dropRest(sheet, (key) =>
      /^ipv[46]/.test(key) ? undefined : "a machine's NAT has its VMM's own addresses and services",
    );
    return { backend: "user", forward };
  }
  const isWide = /^(tap|bridge|vmnet-shared|vmnet-bridged|passt|af-xdp|netmap|vhost-vdpa)$/.test(type);
  sheet.drop(
    opts.said,
    isWide
      ? "a network of the host's: the card is put behind user-mode NAT"
      : "a network of other programs: the card is left unplugged",
  );
  return { backend: isWide ? "user" : "none", forward: [] };
}

/** The option of QEMU 0.x: `-redir tcp:2222::22`. */
function readRedirection(text: string, sheet: ImportSheet): Forward[] {
  const [, protocol, hostPort, address = "", guestPort] = /^(tcp|udp):(\d+):([^:]*):(\d+)$/.exec(text) ?? [];
  return readForward(`${protocol ?? ""}::${hostPort ?? ""}-${address}:${guestPort ?? ""}`, "-redir", sheet);
}

function defaultModel({ chipset }: Board): string {
  return chipset === "auto" || chipset === "microvm" ? "virtio" : "e1000";
}

function readShortNics(line: CommandLine, board: Board, sheet: ImportSheet): NicInput[] {
  return line.all("nic").flatMap((given) => {
    const opts = readOpts("-nic", given.value, "type");
    const type = opts?.take("type") ?? "user";
    if (opts === undefined || !netdevTypes.has(type)) {
      sheet.refuse(`${saidAs(given)}: Parameter 'type' expects a netdev backend type`);
      return [];
    }
    if (type === "none") return [];
    opts.take("id");
    const model = modelOf((opts.take("model") ?? defaultModel(board)).replace(/-(pci|device)$/, ""), opts.said, sheet);
    const mac = opts.take("mac", "macaddr");
    return [card(model, mac, readNet(type, opts, sheet))];
  });
}

/** `-net nic` and `-net user` meet on one hub; the option is older than -netdev. */
function readLegacy(line: CommandLine, board: Board, sheet: ImportSheet): NicInput[] {
  const nets: Net[] = [];
  const cards: { model: Model; mac: string | undefined }[] = [];
  for (const given of line.all("net")) {
    const opts = readOpts("-net", given.value, "type");
    const type = opts?.take("type") ?? "";
    opts?.take("id", "name", "vlan", "netdev");
    if (opts === undefined || !(netdevTypes.has(type) || type === "nic" || type === "dump" || type === "slirp")) {
      sheet.refuse(`${saidAs(given)}: Parameter 'type' expects a net backend type`);
    } else if (type === "nic") {
      const name = (opts.take("model") ?? defaultModel(board)).replace(/-(pci|device)$/, "");
      if (/^(help|\?)$/.test(name)) sheet.refuse("-net nic,model=help: QEMU tells something and ends");
      cards.push({ model: modelOf(name, opts.said, sheet), mac: opts.take("macaddr", "mac") });
      opts.dropRest(sheet, deviceReason);
    } else if (type === "dump") sheet.drop(saidAs(given), "says where packets are written down");
    else if (type !== "none") nets.push(readNet(type, opts, sheet));
  }
  if (cards.length === 0 && nets.length > 0) {
    for (const net of nets) if (net.forward.length > 0) sheet.drop("-net user", "no card is on that network");
    return [];
  }
  const [net] = nets;
  return cards.map(({ model, mac }, index) =>
    card(
      model,
      mac,
      index === 0 || cards.length === nets.length
        ? (nets[index] ?? net)
        : { backend: net?.backend ?? "none", forward: [] },
    ),
  );
}
