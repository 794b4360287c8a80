import { backendForm, type ConsoleName, consoleNames, parseBackend } from "../console-backend.ts";
import type { MachineInput } from "../machine.ts";
import { countKey } from "./list-text.ts";
import { readNic } from "./nic-text.ts";
import { type Draft, type MachineOption, type Report, withMachine } from "./option.ts";

function nic(draft: Draft, text: string, report: Report): Draft {
  const nic = readNic(text, report);
  return nic === undefined ? draft : withMachine(draft, { nics: [...(draft.machine.nics ?? []), nic] });
}

const net = {
  value: "BACKEND",
  group: "Network and devices",
  origin: "openvmm",
  repeats: true,
  sets: "nics",
  apply: nic,
} as const;

function serial(console: ConsoleName, name: string, help: string): MachineOption {
  return {
    name,
    value: "BACKEND",
    help: `${help}: none, capture, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH`,
    group: "Consoles and display",
    origin: "openvmm",
    example: `--uefi --${name} file=${console}.log`,
    sets: `consoles.${console}`,
    apply: (draft, text, report) => {
      if (/^(debugger-mode:|term(=|,|$))/.test(text)) report.notCarried(`not carried yet: ${backendForm}`);
      else if (parseBackend(text) === undefined) report.refuse(backendForm);
      else return withMachine(draft, { consoles: { [console]: text } });
      return draft;
    },
  };
}

const portKey = countKey<{ port: number }>((port) => ({ port }));

/** `--vnc-port` and `--vnc-listen` may come before the `--gfx` they need. */
function vnc(draft: Draft, part: { port?: number; listen?: string }): Draft {
  const { display } = draft.machine;
  const before = typeof display === "object" ? display.vnc : {};
  const merged: MachineInput["display"] = { vnc: { ...before, ...part } };
  return { ...draft, machine: { ...draft.machine, display: merged } };
}

export const deviceOptions: readonly MachineOption[] = [
  {
    name: "nic",
    help: "a network card behind the VMM's user-mode NAT; no root needed",
    group: "Network and devices",
    origin: "openvmm",
    repeats: true,
    example: "--uefi --nic",
    sets: "nics",
    apply: (draft, _text, report) => nic(draft, "consomme", report),
  },
  {
    ...net,
    name: "net",
    help: "a network card: none or consomme[:hostfwd=tcp:[ADDRESS]:PORT-:PORT,...][,model=M][,mac=MAC][,mtu=BYTES]",
    example: "--uefi --net consomme:hostfwd=tcp:127.0.0.1:2222-:22",
  },
  {
    ...net,
    name: "virtio-net",
    help: "the same as --net",
    example: "--uefi --virtio-net consomme",
  },
  ...consoleNames
    .filter((name) => name !== "hvc0")
    .map((name) =>
      serial(name, name, name === "com1" ? "serial port 1, captured if absent" : `serial port ${name.slice(3)}`),
    ),
  serial("hvc0", "virtio-console", "a virtio console, /dev/hvc0 in a Linux guest"),
  {
    name: "gfx",
    help: "a graphical console over VNC, on 127.0.0.1:5900 if nothing else is said",
    group: "Consoles and display",
    origin: "openvmm",
    example: "--uefi --gfx",
    sets: "display",
    apply: (draft) => vnc(draft, {}),
  },
  {
    name: "vnc-port",
    value: "PORT",
    help: "the VNC server's port",
    group: "Consoles and display",
    origin: "openvmm",
    example: "--uefi --gfx --vnc-port 5901",
    sets: "display.vnc.port",
    needs: ["gfx"],
    apply: (draft, text, report) => {
      const port = portKey.read(text);
      if (port === undefined) report.refuse("write a port from 1 to 65535");
      return port === undefined ? draft : vnc(draft, port);
    },
  },
  {
    name: "vnc-listen",
    value: "ADDRESS",
    help: "the VNC server's address; 0.0.0.0 is every IPv4 interface",
    group: "Consoles and display",
    origin: "openvmm",
    example: "--uefi --gfx --vnc-listen 0.0.0.0",
    sets: "display.vnc.listen",
    needs: ["gfx"],
    apply: (draft, listen) => vnc(draft, { listen }),
  },
  {
    name: "virtio-rng",
    help: "a virtio entropy device, /dev/hwrng in a Linux guest",
    group: "Network and devices",
    origin: "openvmm",
    example: "--uefi --virtio-rng",
    sets: "rng",
    apply: (draft) => withMachine(draft, { rng: true }),
  },
];
