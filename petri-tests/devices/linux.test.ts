import { readFileSync } from "node:fs";
import { expect, matrix, vmTest } from "petri-vm/test";
import { fileWith, quietShell } from "./in-linux.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });
const machine = {
  processors: { count: 2, sockets: 1, cores: 2, threads: 1, model: "qemu64", features: ["+avx2", "-sse4a"] },
  consoles: { com1: "capture", hvc0: "capture" },
  rng: true,
};

/** A disk of 1 MiB of one letter. */
const disk = (letter: string) => fileWith(`${letter}.raw`, Buffer.alloc(2 ** 20, letter));

vmTest("Linux finds the devices of its machine, and they work", { on, machine, vms: 2 }, async ({ boot }) => {
  const [kept, thrownAway] = [disk("k"), disk("t")];
  const before = { kept: kept.digest(), thrownAway: thrownAway.digest() };
  const disks = [{ file: kept.file, persist: true }, { file: thrownAway.file }];
  const vm = await boot({ machine: { disks } });
  const com1 = vm.console();
  const says = await quietShell(vm);

  // Processors: how many, on one package, and the features asked for.
  await says("echo cpus=$(grep -c ^processor /proc/cpuinfo)", /^cpus=2\r?$/m);
  const topology = "/sys/devices/system/cpu/cpu1/topology";
  await says(`echo at=$(cat ${topology}/physical_package_id).$(cat ${topology}/core_id)`, /^at=0\.1\r?$/m);
  await says("echo avx2=$(grep -cw avx2 /proc/cpuinfo) sse4a=$(grep -cw sse4a /proc/cpuinfo)", /^avx2=2 sse4a=0\r?$/m);

  // Entropy: the device is the kernel's source, and gives bytes.
  await says("echo rng=$(cat /sys/class/misc/hw_random/rng_current)", /^rng=virtio_rng/m);
  await says("echo bytes=$(head -c 64 /dev/hwrng | wc -c)", /^bytes=64\r?$/m);

  // The virtio console, both ways.
  const hvc0 = vm.console("hvc0");
  com1.sendLine("echo to the host >/dev/hvc0");
  await expect(hvc0).toPrint("to the host");
  // What comes while nobody has a terminal open is lost, as on a real line.
  await says("exec 3<>/dev/hvc0; echo open=$?", /^open=0\r?$/m);
  com1.sendLine("read line <&3; echo heard=$line");
  hvc0.sendLine("from the host");
  await expect(com1).toPrint(/^heard=from the host\r?$/m);

  // Writes are kept only where the disk says so; the guest sees both.
  for (const name of ["vda", "vdb"]) {
    await says(
      `echo new | dd of=/dev/${name} bs=4 count=1 conv=notrunc,fsync 2>/dev/null; echo ${name}:$(head -c 3 /dev/${name})`,
      `${name}:new`,
    );
  }
  await vm.guest.shutdown();
  await expect(vm).toPowerOff();
  await vm.quit();
  expect(thrownAway.digest()).toBe(before.thrownAway);
  expect(kept.digest()).not.toBe(before.kept);
  expect(readFileSync(kept.file).subarray(0, 5).toString()).toBe("new\nk");
});
