import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: ["uefi", "pcat", "kernel"], image: "debian-12" });

vmTest("powers off cleanly", { on }, async ({ vm, guest }) => {
  await expect(vm.console("com1")).toPrint(/login:/);
  await guest.shutdown();
  await expect(vm).toPowerOff();
});

const once = matrix({ vmm: "qemu", boot: "kernel", image: "debian-12" });

vmTest("systemd starts all it has, and its power button works", { on: once }, async ({ vm, guest }) => {
  expect((await guest.exec("systemctl --failed --no-legend; systemctl is-system-running --wait")).text).toBe("running");
  expect((await guest.exec("ss -ltn 2>/dev/null | grep -c ':22 '; stat -c %U:%a /root /etc/shadow /tmp")).text).toBe(
    "1\nroot:700\nroot:600\nroot:1777",
  );
  await vm.facet("powerButton")();
  await expect(vm).toPowerOff();
});
