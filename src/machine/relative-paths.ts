import { resolve } from "node:path";
import { parseBackend } from "./console-backend.ts";
import type { MachineOverrides } from "./merge.ts";

const bootPaths = ["firmware", "nvram", "kernel", "initrd"];

/** The machine with its relative paths made to start from a folder: that of the file it was written in. */
export function machineFrom(machine: MachineOverrides, folder: string): MachineOverrides {
  const at = (path: string) => resolve(folder, path);
  const { boot, disks, filesystems, memory, consoles, vsock } = machine;
  return {
    ...machine,
    ...(boot === undefined ? {} : { boot: mapText(boot, (key, text) => (bootPaths.includes(key) ? at(text) : text)) }),
    ...(memory === undefined ? {} : { memory: mapText(memory, (key, text) => (key === "file" ? at(text) : text)) }),
    ...(disks === undefined ? {} : { disks: disks.map((disk) => ({ ...disk, file: at(disk.file) })) }),
    ...(filesystems === undefined
      ? {}
      : { filesystems: filesystems.map((each) => ({ ...each, path: at(each.path) })) }),
    ...(typeof vsock === "object" ? { vsock: mapText(vsock, (key, text) => (key === "path" ? at(text) : text)) } : {}),
    ...(consoles === undefined ? {} : { consoles: mapText(consoles, (_key, text) => backendAt(text, at)) }),
  };
}

function backendAt(text: string, at: (path: string) => string): string {
  const backend = parseBackend(text);
  return backend?.kind === "listen" || backend?.kind === "file" ? `${backend.kind}=${at(backend.path)}` : text;
}

function mapText<T extends object>(fields: T, map: (key: string, text: string) => string): T {
  const mapped = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "string" ? map(key, value) : value,
  ]);
  // The same keys, and text stays text.
  return Object.fromEntries(mapped) as T;
}
