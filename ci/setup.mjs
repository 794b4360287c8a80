// Makes sure that what the full test run needs is here. Installs Debian packages when it may (root, or sudo without a
// password); otherwise says precisely what is missing, and the command that mends it, and ends with status 69.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const onPath = (program) =>
  (process.env.PATH ?? "").split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** What is needed, how it is seen to be there, and the Debian package that has it. */
const needs = [
  { what: "QEMU for x86 guests", is: () => onPath("qemu-system-x86_64"), from: "qemu-system-x86" },
  { what: "UEFI firmware (OVMF)", is: () => existsSync("/usr/share/OVMF/OVMF_CODE_4M.fd"), from: "ovmf" },
  { what: "a BIOS image for v86 (SeaBIOS)", is: () => existsSync("/usr/share/seabios/bios.bin"), from: "seabios" },
  { what: "xz", is: () => onPath("xz"), from: "xz-utils" },
  { what: "apt-get, to build images from Debian packages", is: () => onPath("apt-get"), from: "apt" },
  { what: "setpriv, so that VMs die with their run", is: () => onPath("setpriv"), from: "util-linux" },
];

const missing = () => needs.filter((need) => !need.is());

function run(command, args) {
  const shown = [command, ...args].join(" ");
  console.log(`+ ${shown}`);
  const { status } = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}

/** The words before apt-get that make it root, or undefined if we may not. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  const mayWithoutPassword = spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0;
  return mayWithoutPassword ? ["sudo", "-n"] : undefined;
}

const before = missing();
const prefix = asRoot();
const apt = (...args) => {
  const [command, ...rest] = [...(prefix ?? []), "apt-get", ...args];
  return run(command, rest);
};

if (onPath("apt-get") && prefix && before.length > 0) {
  apt("update");
  apt("install", "-y", "--no-install-recommends", ...before.map((need) => need.from));
}

const after = missing();
if (after.length > 0) {
  const packages = after.map((need) => need.from).join(" ");
  const why = !onPath("apt-get")
    ? "this host has no apt: install the same programs with its own package manager"
    : prefix
      ? "apt-get could not install them, see above"
      : "installing needs root, and sudo asks for a password";
  console.error(
    [
      "The full test run needs what is missing here:",
      ...after.map((need) => `  - ${need.what} (Debian package ${need.from})`),
      `Not installed: ${why}.`,
      `Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages}`,
      "Without them this passes: npx petri test --vmm v86",
    ].join("\n"),
  );
  process.exit(69);
}
