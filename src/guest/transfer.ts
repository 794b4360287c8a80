import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { HostError, UsageError } from "../machine/errors.ts";
import { printable } from "../power/printable.ts";
import type { GuestChannel } from "./channel.ts";
import { describeEnd, type ExecResult } from "./exec.ts";

/** For what a channel does besides the files' bytes, which have no length to speak of. */
const shortMs = 60_000;

/** Copies a file, a folder or bytes into the guest. A file has its name only when it is whole. */
export async function upload(
  channel: GuestChannel,
  from: string | Uint8Array,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  if (typeof from !== "string") return await uploadFile(channel, from, 0o644, to, signal);
  const stat = statOf(from);
  if (!stat.isDirectory()) return await uploadFile(channel, readFileSync(from), stat.mode & 0o7777, to, signal);
  await must(channel, ["mkdir", "-p", to], signal);
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), `${to}/${name}`];
    if (lstatSync(source).isSymbolicLink()) await must(channel, ["ln", "-sfn", readlinkSync(source), target], signal);
    else await upload(channel, source, target, signal);
  }
  await must(channel, ["chmod", octal(stat.mode), to], signal);
}

async function uploadFile(
  channel: GuestChannel,
  bytes: Uint8Array,
  mode: number,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  if (channel.place) return await channel.place(to, bytes, mode, signal);
  const part = `${to}.petri-part`;
  const name =
    'if [ -d "$2" ]; then echo "$2 is a folder: name the file in it" >&2; exit 1; fi; chmod "$3" "$1" && mv -f "$1" "$2"';
  try {
    await channel.write(part, bytes, signal);
    await must(channel, ["sh", "-c", name, "sh", part, to, octal(mode)], signal);
  } catch (error) {
    // What is left of it is of no use to anybody; a guest that cannot even remove it has more to tell than this.
    if (!signal.aborted) await channel.exec(["rm", "-f", part], shortMs, { signal }).catch(() => {});
    throw error;
  }
}

/** Copies a file or a folder of the guest to the host. */
export async function download(channel: GuestChannel, from: string, to: string, signal: AbortSignal): Promise<void> {
  // stat(1) of GNU and busybox, and of the BSDs.
  const kind =
    'if [ -d "$1" ]; then echo folder; else echo file; fi; stat -L -c %a "$1" 2>/dev/null || stat -L -f %Lp "$1"';
  const { text } = await must(channel, ["sh", "-c", kind, "sh", from], signal);
  const [what, mode = "644"] = text.split("\n");
  if (what === "folder") mkdirSync(to, { recursive: true });
  else {
    const part = `${to}.petri-part`;
    try {
      writeFileSync(part, await channel.read(from, signal));
      chmodSync(part, Number.parseInt(mode, 8));
      renameSync(part, to);
    } finally {
      rmSync(part, { force: true });
    }
    return;
  }
  const list =
    'cd "$1" && for f in * .*; do case $f in .|..) continue;; esac; if [ -h "$f" ]; then printf "%s\\0%s\\0" "$f" "$(readlink "$f")"; elif [ -e "$f" ]; then printf "%s\\0\\0" "$f"; fi; done';
  const { stdout } = await must(channel, ["sh", "-c", list, "sh", from], signal);
  const fields = stdout.toString("utf8").split("\0");
  const names = new Set<string>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [name = "", link = ""] = fields.slice(at, at + 2);
    // A guest does not say where on the host its files go: neither by a path, nor through a link it has just named.
    if (name === "" || name.includes("/") || names.has(name)) {
      throw new HostError(`the guest's ${from} lists "${printable(name)}", which is no name or not the first of it`);
    }
    names.add(name);
    if (link !== "") symlinkSync(link, join(to, name));
    else await download(channel, `${from}/${name}`, join(to, name), signal);
  }
  chmodSync(to, Number.parseInt(mode, 8));
}

async function must(channel: GuestChannel, command: readonly string[], signal: AbortSignal): Promise<ExecResult> {
  const result = await channel.exec(command, shortMs, { signal });
  if (result.ok) return result;
  const said = printable(result.stderr.toString("utf8").trim());
  throw new HostError(
    `${command.slice(command[0] === "sh" ? 4 : 0).join(" ")}: the guest refused${said ? `: ${said}` : ""} (${describeEnd(result)})`,
  );
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    throw new UsageError(`${path} cannot be read on the host: ${(cause as Error).message}`, { cause });
  }
}

const octal = (mode: number) => (mode & 0o7777).toString(8);
