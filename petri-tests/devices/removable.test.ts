import { readFileSync } from "node:fs";
import { expect, matrix, vmTest } from "petri-vm/test";
import { fileWith, quietShell } from "./in-linux.ts";
import { isoImage } from "./iso-image.ts";

// Debian's cloud kernel has neither a floppy driver nor USB.
const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian" });

/** A floppy of 1.44 MB of one letter. */
const floppy = (letter: string) => fileWith(`${letter}.img`, Buffer.alloc(1440 * 1024, letter));

vmTest("Linux reads and writes floppies, and mounts discs on IDE and USB", { on, vms: 2 }, async ({ boot }) => {
  const [kept, thrownAway] = [floppy("k"), floppy("t")];
  const before = { kept: kept.digest(), thrownAway: thrownAway.digest() };
  const onIde = fileWith("ide.iso", isoImage("PETRI-IDE", "where.txt", "I am on IDE\n"));
  const onUsb = fileWith("usb.img", isoImage("PETRI-USB", "where.txt", "I am on USB\n"));
  const vm = await boot({
    machine: {
      disks: [
        { file: kept.file, bus: "floppy", persist: true },
        { file: thrownAway.file, bus: "floppy" },
        { file: onIde.file },
        { file: onUsb.file, bus: "usb", dvd: true },
      ],
    },
  });
  const says = await quietShell(vm);

  await says("modprobe -a floppy isofs xhci_pci usb_storage; echo loaded=$?", /^loaded=0\r?$/m);
  for (const [name, letter] of [
    ["fd0", "kkk"],
    ["fd1", "ttt"],
  ]) {
    // Its size is known once it has been read.
    await says(`echo ${name}=$(head -c 3 /dev/${name}):$(cat /sys/block/${name}/size)`, `${name}=${letter}:2880`);
    await says(
      `echo new | dd of=/dev/${name} bs=4 count=1 conv=notrunc,fsync 2>/dev/null; echo ${name}:$(head -c 3 /dev/${name})`,
      `${name}:new`,
    );
  }

  // IDE's is there since the boot; USB's turns up when its driver has found it.
  await says(
    "until [ -e /sys/block/sr1 ]; do usleep 10000; done; echo drives=$(ls -d /sys/block/sr*)",
    /^drives=.*sr0 .*sr1\r?$/m,
  );
  for (const name of ["sr0", "sr1"]) {
    await says(`mkdir /${name}; mount -t iso9660 -o ro /dev/${name} /${name}; echo mounted=$?`, /^mounted=0\r?$/m);
  }
  const [ide, usb] = [/^ata.*: I am on IDE\r?$/m, /^usb.*: I am on USB\r?$/m];
  const where = "$(readlink -f /sys/block/$drive | grep -o -E '/(ata|usb)[0-9]+/' | tr -d /)";
  for (const [name, answer] of [
    ["sr0", ide],
    ["sr1", usb],
  ] as const) {
    await says(`drive=${name}; echo "${where}: $(cat /$drive/where.txt)"`, answer);
    await says(`echo x >/dev/${name}; echo written=$?`, /^written=[1-9]/m);
  }

  await vm.guest.shutdown();
  await expect(vm).toPowerOff();
  await vm.quit();
  expect(thrownAway.digest()).toBe(before.thrownAway);
  expect(kept.digest()).not.toBe(before.kept);
  expect(readFileSync(kept.file).subarray(0, 5).toString()).toBe("new\nk");
});
