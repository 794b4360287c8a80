import { runCommand } from "../host/run.ts";
import { HostError } from "../machine/errors.ts";
import { decodeLz4Legacy } from "./lz4.ts";

/**
 * The ELF kernel packed inside a bzImage (Linux Documentation/arch/x86/boot.rst, payload_offset and payload_length).
 * A VMM that enters it directly skips the guest's own decompressor: 17 % of a boot under TCG.
 * `programs` says where a decompressor is when the kernel is packed with one Node lacks.
 */
export async function unpackVmlinux(
  bzImage: Buffer,
  programs: { readonly xz?: string; readonly zstd?: string } = {},
  signal?: AbortSignal,
): Promise<Buffer> {
  const payload = findPayload(bzImage);
  const vmlinux = await unpack(payload, programs, signal);
  if (vmlinux.readUInt32BE(0) !== 0x7f454c46) throw new HostError("the kernel's payload is not an ELF file");
  return vmlinux;
}

/** Cuts the compressed kernel out of the bzImage. Throws RangeError when it is none or has no payload. */
export function findPayload(bzImage: Buffer): Buffer {
  const isBzImage = bzImage.length > 0x260 && bzImage.toString("latin1", 0x202, 0x206) === "HdrS";
  if (!isBzImage || bzImage.readUInt16LE(0x206) < 0x208)
    throw new RangeError("not a bzImage of protocol 2.08 or newer");
  const setupSectors = bzImage[0x1f1] || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(0x248);
  const payload = bzImage.subarray(start, start + bzImage.readUInt32LE(0x24c));
  if (payload.length < 8) throw new RangeError("the bzImage is cut short before its payload");
  return payload;
}

async function unpack(
  payload: Buffer,
  programs: { readonly xz?: string; readonly zstd?: string },
  signal?: AbortSignal,
): Promise<Buffer> {
  const unpackedLength = payload.readUInt32LE(payload.length - 4);
  const run = async (file: string, args: string[]) =>
    (await runCommand(file, args, { input: payload.subarray(0, -4), ...(signal && { signal }) })).stdout;
  if (payload.readUInt32LE(0) === 0x184c2102) return decodeLz4Legacy(payload, unpackedLength);
  if (payload.readUInt32BE(0) === 0xfd377a58) return await run(programs.xz ?? "xz", ["-dc", "--single-stream"]);
  if (payload.readUInt32LE(0) === 0xfd2fb528) return await run(programs.zstd ?? "zstd", ["-dc"]);
  throw new HostError(`the kernel is packed in an unknown way (it starts with ${payload.toString("hex", 0, 6)})`);
}
