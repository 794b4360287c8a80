import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { spawnProcess } from "../../host/process.ts";

const double = fileURLToPath(new URL("../../../fixtures/vmms/openvmm/openvmm", import.meta.url));
const grammar = fileURLToPath(new URL("../../../fixtures/vmms/openvmm/grammar.mjs", import.meta.url));
type Parse = (argv: readonly string[], guestArch?: string) => Record<string, unknown>;
const { parse } = (await import(grammar)) as { parse: Parse };

const firstLine = (argv: readonly string[]) => {
  try {
    parse(argv);
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  ["--kernel Image --initrd initrd --cmdline earlycon --device-tree"],
  ["-k vmlinux -rinitrd -p 2 -m=512M -P -c console=ttyS0 -c panic=0"],
  ["--uefi --vmbus-scsi id=scsi0,sub_channels=2 --disk memdiff:disk.vhdx,on=scsi0 --gfx"],
  ["--pcat --ide memdiff:file:disk.vhd,s,1 --floppy file:f.img,ro --pcat-boot-order hdd,optical"],
  [
    "--hv --vtl2 --igvm openhcl.bin -m 2GB --vmbus-com1-serial term,name=VTL0 --com3 debugger-mode:listen=tcp:127.0.0.1:4555",
  ],
  [
    "--pcie-root-complex rc0,segment=0 --pcie-root-port rc0:rp0,hotplug,acs=0x5f --virtio-blk file:a;direct,ro,pcie_port=rp0",
  ],
  ["--virtio-net pcie_port=p0:consomme:10.0.0.0/24,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:[::1]:53-:53"],
  ["--numa size=2G,hugepages=on,vps=[0,1] --numa size=2G,vps=[2-3] --numa-distance 0:1:30"],
  ["--memory size=4G,shared=off,thp=on --guest-watchdog --guest-watchdog-action exit:13 --guest-crash-action halt"],
  ["--vsock-path /tmp/v --virtio-vsock-path /tmp/w --virtio-vsock-bus MMIO --vhost-user /tmp/s,type=blk"],
  ["--nvme-pci id=n0,vpci --disk mem:1G,on=n0,nsid=2 --net consomme --nic --virtio-9p a,b --virtio-fs a,b,c"],
])("the double accepts %s", (line) => {
  expect(firstLine(line.split(" "))).toBe("accepted");
});

test.each([
  ["--guest-reset", "error: unexpected argument '--guest-reset' found"],
  ["vm.img", "error: unexpected argument 'vm.img' found"],
  ["-x", "error: unexpected argument '-x' found"],
  ["--processors", "error: a value is required for '--processors <COUNT>' but none was supplied"],
  ["--kernel --paused", "error: a value is required for '--kernel <FILE>' but none was supplied"],
  ["-p two", "error: invalid value 'two' for '--processors <COUNT>': invalid digit found in string"],
  ["--com1 none --com1 none", "error: the argument '--com1 <SERIAL>' cannot be used multiple times"],
  ["--paused -P", "error: the argument '--paused' cannot be used multiple times"],
  ["--paused=yes", "error: unexpected value 'yes' for '--paused' found; no more were expected"],
  ["--pcat --uefi", "error: the argument '--pcat' cannot be used with '--uefi'"],
  [
    "--pcie-root-port rc0:a --pcat",
    "error: the argument '--pcie-root-port <PCIE_ROOT_PORT>' cannot be used with '--pcat'",
  ],
  ["--disable-frontpage", "error: the following required arguments were not provided:\n  --uefi"],
  ["--guest-watchdog-action halt", "error: the following required arguments were not provided:\n  --guest-watchdog"],
  ["--ide file:a", "error: the following required arguments were not provided:\n  --pcat"],
  ["--guest-crash-action exit:300", /'--guest-crash-action <ACTION>': invalid exit code '300' \(expected 0-255\)/],
  ["--guest-crash-action stop", /expected reset, halt, exit, or exit:<code>, got 'stop'$/],
  ["--disk qcow2:a", /'--disk <FILE>': invalid disk kind qcow2$/],
  ["--disk file:a,pcie_port=p0,dvd", /`pcie_port` is incompatible/],
  ["--disk file:a,lun=1", /`lun` requires `on`$/],
  ["--virtio-net user", /'--virtio-net <VIRTIO_NET>': invalid network backend$/],
  ["--net consomme:hostfwd=tcp:1", /invalid hostfwd format/],
  ["--memory size=4G,hugepage_size=2M", /hugepage_size requires hugepages=on$/],
  ["--memory 4Q", /invalid memory size '4Q'$/],
  ["--com1 capture", /'--com1 <SERIAL>': invalid serial configuration/],
  ["--isolation tdx", "error: invalid value 'tdx' for '--isolation <ISOLATION>'\n  [possible values: vbs, snp]"],
  ["--virtio-vsock-vhost-cid 2", /CID must be between 3 and 4294967294$/],
])("the double refuses %s", (line, why) => {
  const said = firstLine(line.split(" "));
  if (typeof why === "string") expect(said).toBe(why);
  else expect(said).toMatch(why);
});

test("words for guests of another architecture are unknown", () => {
  const smmu = ["--smmu", "rc=rc0,accel"];
  expect(firstLine(smmu)).toBe("error: unexpected argument '--smmu' found");
  expect(parse(smmu, "aarch64")).toEqual({ smmu: [{ rc: "rc0", accel: true }] });
  expect(() => parse(["--x2apic", "on"], "aarch64")).toThrow("unexpected argument '--x2apic'");
});

test("a pidfile that another one holds is refused, and so is a VM without a terminal", async () => {
  const dir = mkdtempSync(join(tmpdir(), "petri-double-"));
  const pidfile = join(dir, "pid");
  const kernel = fileURLToPath(new URL("../../../fixtures/petri-guest/built/petri-guest64.elf", import.meta.url));
  const args = ["--paused", "--kernel", kernel, "--com1", "none", "--memory", "64M", "--pidfile", pidfile];
  const options = { runDir: dir, log: join(dir, "log"), hasTerminal: true };
  const first = await spawnProcess(double, args, options);
  await new Promise<void>((resolve) => first.terminal?.onText((text) => text.includes("openvmm> ") && resolve()));
  const pid = readFileSync(pidfile, "utf8").trim();
  expect(spawnSync(double, args, { encoding: "utf8" })).toMatchObject({
    status: 1,
    stderr: `fatal error: failed to create pidfile\n\nCaused by:\n    pidfile is locked by another process (pid Some(${pid}))\n`,
  });
  first.terminal?.write("quit\r");
  expect(await first.ended).toEqual({ exitCode: 0, signal: null });
  expect(existsSync(pidfile)).toBe(false);
  // A session of its own has no /dev/tty either.
  const bare = await spawnProcess(double, args, { runDir: dir, log: join(dir, "bare.log") });
  expect(await bare.ended).toEqual({ exitCode: null, signal: "SIGABRT" });
  expect(bare.logTail()).toContain("failed to enable raw console mode");
});

test("a mistake ends the double with clap's status and text, a setting that is missing with OpenVMM's", () => {
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(double, args, { encoding: "utf8" });
    return { status, stderr };
  };
  expect(run("--hvv")).toEqual({
    status: 2,
    stderr:
      "error: unexpected argument '--hvv' found\n\nUsage: openvmm [OPTIONS]\n\nFor more information, try '--help'.\n",
  });
  expect(run("--paused")).toEqual({
    status: 1,
    stderr: "fatal error: must provide kernel when booting with linux direct\n",
  });
  expect(run("--kernel", "/nowhere")).toEqual({
    status: 1,
    stderr:
      "fatal error: failed to open kernel\n\nCaused by:\n    failed to open file `/nowhere`: No such file or directory\n",
  });
  expect(run("--tpm", "--kernel", "/k")).toEqual({ status: 1, stderr: "fatal error: not doubled: --tpm\n" });
  expect(run("--kernel", double).stderr).toBe(
    "fatal error: failed to load kernel\n\nCaused by:\n    failed to read file header\n",
  );
});
