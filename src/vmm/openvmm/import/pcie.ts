import type { ImportSheet } from "../../import/sheet.ts";
import type { OpenvmmLine } from "./line.ts";

/** Root complexes, ports and switches hang on each other by name; devices on ports. All but the names is left out. */
export function checkPcie(line: OpenvmmLine, sheet: ImportSheet): void {
  if (line.isElided) return;
  const complexes = unique(line, "pcie-root-complex", (value) => value.split(",")[0] ?? "", sheet);
  const ports = unique(line, "pcie-root-port", (value) => /^[^:]*:([^,]*)/.exec(value)?.[1] ?? "", sheet);
  const switches = unique(line, "pcie-switch", (value) => /^[^:]*:([^,]*)/.exec(value)?.[1] ?? "", sheet);
  for (const { value, said } of line.all("pcie-root-port")) {
    const complex = value.split(":")[0] ?? "";
    if (!value.includes(":"))
      sheet.refuse(`error: invalid value '${value}' for '--pcie-root-port': write COMPLEX:PORT`);
    else if (!complexes.has(complex) && !complex.includes("$"))
      sheet.refuse(`${said}: there is no root complex '${complex}'`);
  }
  const isPort = (name: string) =>
    ports.has(name) || name.includes("$") || [...switches].some((each) => name.startsWith(each));
  for (const { value, said } of line.all(
    "virtio-blk",
    "nvme-pci",
    "net",
    "virtio-net",
    "mana",
    "virtio-9p",
    "virtio-fs",
    "virtio-fs-shmem",
    "virtio-pmem",
    "vhost-user",
    "cxl-test",
  )) {
    const port = /(?:^|,)pcie_port=([^,:]+)/.exec(value)?.[1];
    if (port !== undefined && !isPort(port)) sheet.refuse(`${said}: there is no PCIe port '${port}'`);
  }
  for (const { value, said } of line.all("virtio-rng-pcie-port", "virtio-console-pcie-port")) {
    if (!isPort(value)) sheet.refuse(`${said}: there is no PCIe port '${value}'`);
  }
}

function unique(line: OpenvmmLine, option: string, nameOf: (value: string) => string, sheet: ImportSheet): Set<string> {
  const names = new Set<string>();
  for (const { value, said } of line.all(option)) {
    const name = nameOf(value);
    if (names.has(name)) sheet.refuse(`${said}: '${name}' is there already`);
    names.add(name);
  }
  return names;
}
