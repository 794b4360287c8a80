import { isIP } from "node:net";
import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import type { Devices } from "./devices.ts";
import { displayTypes, vgaTypes } from "./known.ts";

type Display = NonNullable<MachineInput["display"]>;

const cards =
  /(^|-)(VGA|vga)(-|$)|^qxl|^virtio-(gpu|vga)|^bochs-display|^ramfb|^vmware-svga|^secondary-vga|^vhost-user-(gpu|vga)|^isa-(cirrus-)?vga/;
const window = "a machine's display is a picture, or VNC: petri boot --gfx";

export function readDisplay(line: CommandLine, board: Board, devices: Devices, sheet: ImportSheet): Display {
  const vga = line.last("vga");
  if (vga !== undefined && !vgaTypes.has(vga) && !vga.includes("$"))
    sheet.refuse(`-vga ${vga}: unknown vga type: ${vga}`);
  if (vga !== undefined && !/^(std|none)$/.test(vga))
    sheet.drop(`-vga ${vga}`, "a machine has no choice of graphics cards: the VMM's usual one is taken");
  const own = devices.take(cards);
  for (const { opts, driver } of own) {
    if (driver !== "VGA")
      sheet.drop(opts.said, "a machine has no choice of graphics cards: the VMM's usual one is taken");
  }
  const server = readServer(line, sheet);
  const isPc = board.chipset === "pc" || board.chipset === "q35";
  const hasCard = own.length > 0 || (vga !== undefined ? vga !== "none" : isPc && board.hasDefaults);
  if (server !== undefined) return server;
  return hasCard ? "headless" : "none";
}

function readServer(line: CommandLine, sheet: ImportSheet): Display | undefined {
  let display: Display | undefined;
  for (const given of line.all("display", "vnc", "spice", "sdl", "curses")) {
    const [type = "", ...rest] = given.value.split(",");
    if (given.name === "vnc") display = vnc(given.value, sheet) ?? display;
    else if (given.name === "display" && /^vnc=/.test(type)) display = vnc(given.value.slice(4), sheet) ?? display;
    else if (given.name === "display" && type === "none") display = undefined;
    else if (given.name === "display" && !displayTypes.has(type) && !/^(\{|.*\$)/.test(type)) {
      sheet.refuse(`${saidAs(given)}: Parameter 'type' does not accept value '${type}'`);
    } else sheet.drop(saidAs(given), window);
    if (given.name === "display" && type === "none" && rest.length > 0) sheet.drop(saidAs(given), window);
  }
  return display;
}

/** `host:N` is port 5900 + N; a Unix socket or a reverse connection is none of a machine's (qemu(1), "-vnc"). */
function vnc(text: string, sheet: ImportSheet): Display | undefined {
  const [where = "", ...options] = text.split(",");
  const said = `-vnc ${text}`;
  if (where === "none") return undefined;
  for (const option of options) sheet.drop(`${said}: ${option}`, "a machine's VNC server has an address and a port");
  const [, host = "", digits] = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(where) ?? [];
  if (digits === undefined || options.some((option) => /^reverse/.test(option))) {
    if (!/^(unix:|websocket|reverse|\$|fd)/.test(where) && !where.includes("$"))
      sheet.refuse(`${said}: No such VNC display '${where}'`);
    else sheet.drop(said, "a machine's VNC server listens on an address and a port");
    return undefined;
  }
  const plain = host.replace(/^\[|\]$/g, "");
  const listen = plain === "" ? "0.0.0.0" : plain === "localhost" ? "127.0.0.1" : plain;
  if (isIP(listen) !== 0) return { vnc: { listen, port: 5900 + Number(digits) } };
  sheet.drop(said, `${listen} is no IP address: 127.0.0.1 is taken`);
  return { vnc: { port: 5900 + Number(digits) } };
}
