import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";

/** What stands at the end of every generated log, and nowhere before. */
export const marker = "PETRI-MARKER-7f3a: reached";
/** Once a KB stands what begins like it. */
const nearMiss = "PETRI-MARKER-7f3b: not yet";

/**
 * Writes a log such as a Linux guest prints: kernel times, systemd's colours, CRLF, some UTF-8, a near miss every KB,
 * and the marker as its last line. The same bytes each time. Returns the SHA-256 of the file.
 */
export function writeLog(path: string, bytes: number): string {
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  const put = (block: Buffer) => {
    hash.update(block);
    writeSync(file, block);
  };
  const block = Buffer.from(linesOf(1024 * 1024));
  let left = bytes - 64;
  for (; left >= block.length; left -= block.length) put(block);
  put(Buffer.concat([block.subarray(0, block.lastIndexOf(0x0a, left) + 1), Buffer.from(`${marker}\r\n`)]));
  closeSync(file);
  return hash.digest("hex");
}

const devices = ["virtio_net", "e1000", "nvme", "ahci", "xhci_hcd", "rtc_cmos", "i8042"];

function linesOf(length: number): string {
  let text = "";
  let sinceMiss = 0;
  for (let index = 0; text.length < length; index++) {
    const seconds = (index * 0.000_731).toFixed(6).padStart(12);
    const device = devices[index % devices.length];
    const shapes = [
      `[${seconds}] ${device} 0000:00:${(index % 32).toString(16).padStart(2, "0")}.0: BAR ${index % 6}: assigned [mem 0x${(index * 4096).toString(16)}-0x${(index * 4096 + 4095).toString(16)}]`,
      `[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39munit-${index}.service\x1b[0m - Dienst für Gerät № ${index}.`,
      `[${seconds}] audit: type=1400 audit(1700000000.${index % 1000}:${index}): apparmor="STATUS" operation="profile_load" name="lsb_release" pid=${index}`,
      `[${seconds}] EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.`,
      `         Starting \x1b[0;1;39mtask-${index}\x1b[0m…`,
      `[${seconds}] usb 1-${index % 9}: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01`,
    ];
    const line = `${shapes[index % shapes.length]}\r\n`;
    text += line;
    sinceMiss += line.length;
    if (sinceMiss < 1024) continue;
    sinceMiss = 0;
    text += `[${seconds}] ${nearMiss}\r\n`;
  }
  return text;
}
