import { copyFileSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { resolveImage } from "petri-vm";

/** GRUB's menu on the serial line: by its own driver under a BIOS, by the firmware's console under UEFI. */
const menu = `if [ $grub_platform = pc ];then
serial
terminal_input serial
terminal_output serial
fi
menuentry nothing {
true
}
menuentry memtest {
if [ $grub_platform = pc ];then
k=linux
e=BIN
else
k=chainloader
e=EFI
fi
$k /PETRI/MEMTEST.$e console=ttyS0
}
`;

/** memtest86+'s disk in that folder, whose GRUB asks what to start. */
export async function menuDisk(folder: string): Promise<string> {
  const { disk } = await resolveImage("memtest86+", "pcat");
  const from = disk?.file ?? "";
  const to = join(folder, "menu.img");
  copyFileSync(from, to);
  const image = readFileSync(from);
  const start = image.indexOf("# Read by GRUB on a PC BIOS");
  // The file keeps its length, so the file system need not know.
  const length = image.indexOf("\nboot\n", start) + "\nboot\n".length - start;
  if (start < 0 || menu.length > length) throw new Error(`the menu (${menu.length} bytes) does not fit in ${length}`);
  writeSync(openSync(to, "r+"), menu.padEnd(length, "\n"), start, "latin1");
  return to;
}
