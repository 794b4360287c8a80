import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { longestTimerMs } from "../../power/wait.ts";
import type { GuestChannel } from "../channel.ts";
import { cksum } from "../serial/cksum.ts";

/** Exit codes of the script below: the file cannot be begun, or not be finished. */
const notBegun = 97;
const notFinished = 98;

/** sh(1) rather than SFTP: not every guest with sshd has it, and this says what the disk has of the file. */
const write = `true >"$1" || exit ${notBegun}; cat >"$1" || exit ${notFinished}; cksum <"$1"`;

/** @throws HostError with the guest's own reason, or if what arrived is not what was sent */
export async function writeGuestFile(
  channel: Pick<GuestChannel, "exec">,
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const name = printable(path);
  const { exitCode, text, stderr } = await channel.exec(["sh", "-c", `(${write}) 2>&1`, "sh", path], longestTimerMs, {
    ...{ input: bytes, signal },
  });
  const problem = printable((text || stderr.toString("utf8")).trim());
  // A shell leaves by a status of its own where the first redirection fails.
  if (exitCode === notBegun || (exitCode !== 0 && exitCode !== notFinished)) {
    throw new HostError(`${name} cannot be written in the guest: ${problem || `status ${exitCode}`}`);
  }
  if (exitCode === 0 && text === `${cksum(bytes)} ${bytes.length}`) return;
  const length = /^\d+ (\d+)$/.exec(text)?.[1];
  const got = length === undefined ? problem : `${length} of ${bytes.length} bytes arrived`;
  throw new HostError(`${name} was not written whole in the guest: ${got}`);
}

/** @throws HostError with the guest's own reason if it cannot be read */
export async function readGuestFile(
  channel: Pick<GuestChannel, "exec">,
  path: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const result = await channel.exec(["sh", "-c", 'cat <"$1"', "sh", path], longestTimerMs, { signal });
  if (result.ok) return result.stdout;
  const problem = printable(result.stderr.toString("utf8").trim());
  throw new HostError(`${printable(path)} cannot be read in the guest: ${problem || `status ${result.exitCode}`}`);
}
