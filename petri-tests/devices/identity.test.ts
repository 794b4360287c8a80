import { matrix, vmTest } from "petri-vm/test";
import { quietShell } from "./in-linux.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });
const uuid = "0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01";
const smbios = {
  manufacturer: "Acme, Inc.",
  product: "100% = Box",
  version: "v2",
  serial: "42",
  sku: "sku-7",
  family: "Boxes",
};

/** What Linux makes of each (drivers/firmware/dmi-id.c). */
const files = { manufacturer: "sys_vendor", product: "product_name", version: "product_version" } as const;

vmTest("Linux finds the machine's UUID and SMBIOS strings", { on, machine: { uuid, smbios } }, async ({ vm }) => {
  const says = await quietShell(vm);
  const finds = async (file: string, text: string) => {
    await says(`echo ${file}="$(cat /sys/class/dmi/id/${file})"`, new RegExp(`^${file}=${text}\\r?$`, "m"));
  };
  for (const [key, value] of Object.entries(smbios)) {
    await finds(key in files ? files[key as keyof typeof files] : `product_${key}`, value);
  }
  await finds("product_uuid", uuid);
});
