import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { control } from "../../import/sheet.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import type { Devices } from "./devices.ts";
import { chardevTypes } from "./known.ts";
import { isOn, type Opts, readOpts } from "./opts.ts";

type Consoles = NonNullable<MachineInput["consoles"]>;

const ports = ["com1", "com2", "com3", "com4"] as const;

/** Serial lines of the machine, and a check of who uses the terminal. */
export function readConsoles(line: CommandLine, devices: Devices, sheet: ImportSheet): Consoles {
  const chardevs = readChardevs(line, sheet);
  const lines = line.all("serial").map(({ value }) => backendOf(value, "-serial", chardevs, sheet));
  const isaPorts = devices.take(/^isa-serial$/).map(({ opts }) => {
    const backend = deviceBackend(opts, chardevs, sheet);
    opts.take("index", "id", "iobase", "irq");
    opts.dropRest(sheet);
    return backend;
  });
  const isGraphic = !line.has("nographic");
  const hvc = devices
    .take(/^virtconsole$/)
    .map(({ opts }) => ({ opts, backend: deviceBackend(opts, chardevs, sheet) }));
  for (const { opts } of hvc) {
    opts.take("id", "nr", "name", "bus");
    opts.dropRest(sheet);
  }
  const old = line.all("virtioconsole").map(({ value }) => backendOf(value, "-virtioconsole", chardevs, sheet));
  const virtual = [...hvc.map(({ backend }) => backend), ...old];
  for (const extra of virtual.slice(1)) sheet.drop(`virtconsole ${extra}`, "a machine has one virtio console, hvc0");
  checkTerminal(line, chardevs, sheet);
  dropOthers(line, devices, sheet);
  for (const [id, opts] of chardevs.all) {
    if (!chardevs.used.has(id)) sheet.drop(opts.said, "belongs to a device or a monitor that is not carried");
  }
  const all = [...lines, ...isaPorts];
  const none = all.length > 0 || line.has("nodefaults") ? "none" : isGraphic ? "capture" : "console";
  for (const extra of all.slice(4)) sheet.drop(`-serial ${extra}`, "a machine has four serial ports");
  return oneTerminal(
    {
      ...Object.fromEntries(
        ports.flatMap((port, index) =>
          all[index] === undefined || (index > 0 && all[index] === "none") ? [] : [[port, all[index]]],
        ),
      ),
      ...(all.length === 0 ? { com1: none } : {}),
      ...(virtual[0] === undefined ? {} : { hvc0: virtual[0] }),
    },
    sheet,
  );
}

/** QEMU lets several lines share the terminal by a multiplexer; a machine's terminal has one. */
function oneTerminal(consoles: Consoles, sheet: ImportSheet): Consoles {
  const [first, ...others] = Object.entries(consoles).flatMap(([name, backend]) =>
    backend === "console" ? [name] : [],
  );
  for (const name of others)
    sheet.drop(`${name} on the terminal`, "one line of a machine has the terminal: this one is captured");
  const entries = Object.entries(consoles).map(([name, backend]) => [
    name,
    backend === "console" && name !== first ? "capture" : backend,
  ]);
  // The same keys, and backends stay backends.
  return Object.fromEntries(entries) as Consoles;
}

/** The -chardev options by id, and which of them a console has. */
interface Chardevs {
  readonly all: ReadonlyMap<string, Opts>;
  readonly used: Set<string>;
}

function readChardevs(line: CommandLine, sheet: ImportSheet): Chardevs {
  const chardevs = new Map<string, Opts>();
  for (const { value } of line.all("chardev")) {
    const opts = readOpts("-chardev", value, "backend");
    const [type, id] = [opts?.peek("backend"), opts?.peek("id")];
    if (opts === undefined || type === undefined || !(chardevTypes.has(type) || type.includes("$"))) {
      sheet.refuse(`-chardev ${value.slice(0, 60)}: '${type ?? ""}' is not a valid char driver name`);
    } else if (id === undefined) sheet.refuse(`${opts.said}: chardev: no id specified`);
    else if (chardevs.has(id)) sheet.refuse(`-chardev id=${id}: Duplicate ID '${id}' for chardev`);
    else chardevs.set(id, opts);
  }
  return { all: chardevs, used: new Set() };
}

function deviceBackend(opts: Opts, chardevs: Chardevs, sheet: ImportSheet): string {
  const id = opts.take("chardev");
  return id === undefined ? "capture" : ofChardev(id, opts.said, chardevs, sheet);
}

function ofChardev(id: string, said: string, chardevs: Chardevs, sheet: ImportSheet): string {
  const opts = chardevs.all.get(id);
  chardevs.used.add(id);
  if (opts === undefined) {
    if (!id.includes("$")) sheet.refuse(`${said}: chardev "${id}" not found`);
    return "capture";
  }
  const type = opts.take("backend") ?? "";
  opts.take("id", "wait", "signal", "mux");
  const [path, isServer, host, port] = [
    opts.take("path"),
    isOn(opts.take("server")),
    opts.take("host"),
    opts.take("port"),
  ];
  opts.dropRest(sheet, (key) =>
    /^log/.test(key) ? "a machine's console is recorded in any case" : "says how the VMM's end of the line behaves",
  );
  if (type === "stdio") return "console";
  if (type === "file" && path !== undefined) return path === "/dev/stderr" ? "stderr" : `file=${path}`;
  if (type === "socket" && isServer && path !== undefined) return `listen=${path}`;
  if (type === "socket" && isServer && port !== undefined) return tcp(host, port, opts.said, sheet);
  if (!/^(null|pty|ringbuf|vc|memory)$/.test(type))
    sheet.drop(opts.said, "the line is captured: a machine's goes to the terminal, a file or a socket that listens");
  return "capture";
}

function tcp(host: string | undefined, port: string, said: string, sheet: ImportSheet): string {
  const address = host === undefined || host === "" ? "0.0.0.0" : host === "localhost" ? "127.0.0.1" : host;
  if (/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65_536)
    return `listen=tcp:${address.includes(":") ? `[${address}]` : address}:${port}`;
  sheet.drop(`${said}: port ${port}`, "is no port of its own: the line is captured");
  return "capture";
}

/** The short form, as -serial has it (qemu(1), "-serial"). */
function backendOf(text: string, option: string, chardevs: Chardevs, sheet: ImportSheet): string {
  const [word = "", ...rest] = text.split(",");
  const said = `${option} ${text}`;
  const [, kind, target = ""] = /^([a-z]+):(.*)$/s.exec(word) ?? [];
  if (word === "stdio" || word === "mon:stdio") return "console";
  if (word === "none") return "none";
  if (word === "null" || word === "pty" || /^vc(:|$)/.test(word)) return "capture";
  if (kind === "chardev") return ofChardev(target, option, chardevs, sheet);
  if (kind === "mon") return backendOf([target, ...rest].join(","), option, chardevs, sheet);
  if (kind === "file" && target !== "") return target === "/dev/stderr" ? "stderr" : `file=${target}`;
  const serves = rest.some((item) => item === "server" || /^server=(on|yes|true)$/.test(item));
  if (kind === "unix" && serves && target !== "") return `listen=${target}`;
  if ((kind === "tcp" || kind === "telnet") && serves) {
    const [, host, port = ""] = /^(.*):([^:]*)$/.exec(target) ?? [];
    return tcp(host, port, said, sheet);
  }
  if (
    /^(unix|tcp|telnet|udp|pipe|websocket|con|mon|file)$/.test(kind ?? "") ||
    /^(\/dev\/|COM\d|braille$|msmouse$|wctablet$|testdev$|fd$|\$|chardev$)/.test(word)
  ) {
    sheet.drop(said, "the line is captured: a machine's goes to the terminal, a file or a socket that listens");
  } else if (!text.includes("$"))
    sheet.refuse(`${said}: could not connect serial device to character backend '${text}'`);
  return "capture";
}

/** Two users of stdin and stdout without a multiplexer (chardev/char-stdio.c). -nographic adds what is not given. */
function checkTerminal(line: CommandLine, chardevs: Chardevs, sheet: ImportSheet): void {
  const isStdio = (value: string) => /^(mon:)?stdio(,|$)/.test(value);
  const direct = line
    .all("serial", "monitor", "qmp", "qmp-pretty", "parallel", "debugcon", "virtioconsole")
    .filter(({ value }) => isStdio(value));
  const named = [...chardevs.all.values()].filter((opts) => opts.peek("backend") === "stdio").length;
  const hasMonitor =
    line.has("monitor", "mon") ||
    line.has("nodefaults") ||
    line.all("serial").some(({ value }) => value.startsWith("mon:"));
  const added = line.has("nographic") && !hasMonitor && line.has("serial") ? 1 : 0;
  if (direct.length + named + added < 2) return;
  const hint = added === 1 ? ": -nographic puts the monitor there; add -monitor none, or write -display none" : "";
  sheet.refuse(`cannot use stdio by multiple character devices${hint}`);
}

function dropOthers(line: CommandLine, devices: Devices, sheet: ImportSheet): void {
  for (const given of line.all("monitor", "qmp", "qmp-pretty", "mon")) sheet.drop(saidAs(given), control);
  for (const given of line.all("parallel", "debugcon")) {
    if (given.value !== "none") sheet.drop(saidAs(given), "a machine has serial ports and a virtio console");
  }
  for (const { opts } of devices.take(
    /^(virtserialport|pci-serial.*|usb-serial|isa-parallel|sclpconsole|spapr-vty)$/,
  )) {
    sheet.drop(opts.said, "a machine has serial ports and a virtio console");
  }
}
