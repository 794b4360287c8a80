/** A file of an initramfs. Folders on the way to it are added by themselves. */
export type CpioEntry =
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly data: Buffer }
  | { readonly path: string; readonly kind: "folder"; readonly mode: number }
  | { readonly path: string; readonly kind: "link"; readonly target: string }
  | { readonly path: string; readonly kind: "character"; readonly mode: number; readonly device: [number, number] };

const typeBits = { file: 0o100000, folder: 0o040000, link: 0o120000, character: 0o020000 };

/**
 * The "newc" archive that Linux unpacks as its initramfs (Documentation/driver-api/early-userspace/buffer-format).
 * The same entries always give the same bytes: sorted, owned by root, at time 0.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const all = new Map<string, CpioEntry>();
  for (const entry of entries) {
    if (all.has(entry.path)) throw new RangeError(`two cpio entries are called ${entry.path}`);
    all.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (const folder of foldersAbove(path)) {
      if (!all.has(folder)) all.set(folder, { path: folder, kind: "folder", mode: 0o755 });
    }
  }
  const sorted = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const trailer = record({ path: "TRAILER!!!", kind: "file", mode: 0, data: Buffer.alloc(0) }, 0, 0);
  return Buffer.concat([...sorted.map((entry, index) => record(entry, index + 1, typeBits[entry.kind])), trailer]);
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function record(entry: CpioEntry, inode: number, type: number): Buffer {
  const name = Buffer.from(`${entry.path}\0`);
  const data = entry.kind === "file" ? entry.data : Buffer.from(entry.kind === "link" ? entry.target : "");
  const mode = type | (entry.kind === "link" ? 0o777 : entry.mode);
  const [major, minor] = entry.kind === "character" ? entry.device : [0, 0];
  const links = entry.kind === "folder" ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const head = Buffer.concat([Buffer.from(header), name]);
  return Buffer.concat([head, Buffer.alloc(-head.length & 3), data, Buffer.alloc(-data.length & 3)]);
}
