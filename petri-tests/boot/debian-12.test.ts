import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: ["uefi", "pcat", "kernel"], image: "debian-12" });

// GRUB reads all of it through the BIOS, which takes an emulated CPU its time.
vmTest("powers off cleanly", { on, timeout: "5m" }, async ({ vm, guest }) => {
  await expect(vm.console("com1")).toPrint(/login:/);
  await guest.shutdown();
  await expect(vm).toPowerOff();
});

const once = matrix({ vmm: "qemu", boot: "kernel", image: "debian-12" });

// systemd.system-credentials(7): QEMU's SMBIOS strings become credentials, and this one a file.
const authorizedKey = "ssh-ed25519 AAAA test";
const credential = `type=11,value=io.systemd.credential:ssh.authorized_keys.root=${authorizedKey}`;
const machine = { vmmOptions: { qemu: ["-smbios", credential] } };

vmTest(
  "systemd starts all it has, and its power button works",
  { on: once, machine, timeout: "3m" },
  async ({ vm, guest }) => {
    expect((await guest.exec("systemctl --failed --no-legend; systemctl is-system-running --wait")).text).toBe(
      "running",
    );
    expect((await guest.exec("ss -ltn 2>/dev/null | grep -c ':22 '; stat -c %U:%a /root /etc/shadow /tmp")).text).toBe(
      "1\nroot:700\nroot:600\nroot:1777",
    );
    expect((await guest.exec("cat /root/.ssh/authorized_keys")).text).toBe(authorizedKey);
    await vm.facet("powerButton")();
    await expect(vm).toPowerOff();
  },
);
