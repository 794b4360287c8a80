import { expect, test } from "vitest";
import { UnsupportedError, UsageError } from "./errors.ts";
import { parseMachineOptions } from "./options.ts";

function complaints(argv: readonly string[], context = {}): string {
  try {
    parseMachineOptions(argv, context);
  } catch (error) {
    if (error instanceof UsageError || error instanceof UnsupportedError) return `\n${error.name}: ${error.message}\n`;
    throw error;
  }
  return "";
}

const lines = {
  "a size": "--uefi --memory 4Q",
  "a misspelt option, how to boot": "--memery 1G --uefy",
  "how to boot": "--memory 1G",
  "an unknown option": "--uefi --frobnicate 3 -x",
  "a stray word": "--uefi disk.img",
  "values too many and too few": "--uefi=yes --memory",
  twice: "--uefi --memory 1G --memory 2G",
  "two kinds of boot": "--uefi --pcat",
  "options alone": "--pcat --uefi-firmware f --initrd i --vnc-port 1 --guest-watchdog-action halt --disable-frontpage",
  "a kernel under a BIOS": "--pcat --kernel k",
  "keys of memory": "--uefi -m size=1X,shared=maybe,sise=1,thp,size=2G,",
  "aliases that disagree": "--uefi -m shared=on --private-memory",
  processors: "--uefi -p 0",
  "a topology": "--uefi -p count=4,cores=3,treads=1",
  features: "--uefi --cpu max,avx2,,",
  disks: "--uefi --disk foo:x --disk file: --disk x,rw --disk y,bus=sata --disk z,slot=-1",
  "two disks on one slot": "--uefi --disk a,slot=0 --virtio-blk b,slot=0",
  controllers: "--uefi --vmbus-scsi id=s --disk a,on=t --nvme-pci id=s --nvme-pci name=n",
  "a thrown away persist": "--uefi --disk memdiff:x,persist",
  "three on one channel": "--pcat --ide a,s --ide b,s --ide c,s",
  networks:
    "--uefi --net bridge --net none:mac=1 --net user:hostfwd=2222:22,model=x,foo --net user:mac=zz --net user:mtu=big",
  "one port twice": "--uefi --net user:hostfwd=tcp::22-:22 --nic --net user:hostfwd=tcp::22-:23",
  consoles: "--uefi --com1 serial --com2 listen=tcp:127.0.0.1:99999 --com3 console --com4 console",
  actions: "--uefi --guest-crash-action exit:256 --guest-reset-action stop --clock fast",
  placement: "--uefi --vmm quemu --hypervisor kvmm --chipset q53 --name 1vm --boot bios",
  "not carried": "--uefi --numa size=1G --virtio-fs tag,/x --hypervisor kvm:nested_virt --disk mem:1G --halt-on-reset",
  "not carried and wrong": "--uefi --hv --memory 4Q",
};

test("is told at once, option by option", () => {
  const told = Object.entries(lines).map(([name, line]) => `${name}: ${line}\n  ${complaints(line.split(" ")).trim()}`);
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      a size: --uefi --memory 4Q
        UsageError: --memory 4Q is not accepted: write a size such as 512M or 4G
      a misspelt option, how to boot: --memery 1G --uefy
        UsageError: the command line has problems:
        - --memery 1G: unknown option: did you mean --memory?
        - --uefy: unknown option: did you mean --uefi?
      how to boot: --memory 1G
        UsageError: how to boot is not said: add --uefi, --pcat, --kernel FILE or --image NAME
      an unknown option: --uefi --frobnicate 3 -x
        UsageError: the command line has problems:
        - --frobnicate 3: unknown option: see --help
        - -x: unknown option: see --help
      a stray word: --uefi disk.img
        UsageError: disk.img: a word that is no option: those begin with --, as in --disk file:disk.img
      values too many and too few: --uefi=yes --memory
        UsageError: the command line has problems:
        - --uefi yes: takes no value: leave it out
        - --memory: the value is missing: write --memory SPEC, as in --uefi --memory size=4G,shared=off,thp=on
      twice: --uefi --memory 1G --memory 2G
        UsageError: --memory 2G: is given twice: keep one
      two kinds of boot: --uefi --pcat
        UsageError: --uefi and --pcat contradict: keep one
      options alone: --pcat --uefi-firmware f --initrd i --vnc-port 1 --guest-watchdog-action halt --disable-frontpage
        UsageError: the command line has problems:
        - --uefi-firmware f: needs --uefi
        - --initrd i: needs --kernel or --image
        - --vnc-port 1: needs --gfx
        - --guest-watchdog-action halt: needs --guest-watchdog
        - --disable-frontpage: needs --uefi
      a kernel under a BIOS: --pcat --kernel k
        UsageError: --pcat and --kernel k contradict: a BIOS boots disks; keep one
      keys of memory: --uefi -m size=1X,shared=maybe,sise=1,thp,size=2G,
        UsageError: the command line has problems:
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: size=1X is not accepted: write a size such as 512M or 4G
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: shared=maybe is not accepted: write on or off
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: unknown key "sise": did you mean "size"?
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: thp needs a value: write thp= with on or off
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: size= is given twice: keep one
        - --memory size=1X,shared=maybe,sise=1,thp,size=2G,: an item is empty: leave out the extra comma
      aliases that disagree: --uefi -m shared=on --private-memory
        UsageError: --private-memory: another option sets shared to on: keep one
      processors: --uefi -p 0
        UsageError: --processors 0 is not accepted: write a whole number from 1
      a topology: --uefi -p count=4,cores=3,treads=1
        UsageError: the command line has problems:
        - --processors count=4,cores=3,treads=1: unknown key "treads": did you mean "threads"?
        - --processors count=4,cores=3,treads=1: 3 cores cannot make count 4: make them agree
      features: --uefi --cpu max,avx2,,
        UsageError: --cpu max,avx2,,: avx2, is not accepted: write +feature or -feature, such as +avx2
      disks: --uefi --disk foo:x --disk file: --disk x,rw --disk y,bus=sata --disk z,slot=-1
        UsageError: the command line has problems:
        - --disk foo:x: unknown disk kind "foo": known are file and memdiff; for a path write file:foo:x
        - --disk file:: the path is missing: write file:PATH
        - --disk x,rw: unknown word "rw": did you mean "ro"?
        - --disk y,bus=sata: bus=sata is not accepted: write ide, ahci, scsi, nvme, virtio, usb or floppy
        - --disk z,slot=-1: slot=-1 is not accepted: write a whole number from 0
      two disks on one slot: --uefi --disk a,slot=0 --virtio-blk b,slot=0
        UsageError: --virtio-blk b,slot=0 (slot): slot 0 of virtio is already taken by a (disks[0]): choose another or leave it out
      controllers: --uefi --vmbus-scsi id=s --disk a,on=t --nvme-pci id=s --nvme-pci name=n
        UsageError: the command line has problems:
        - --nvme-pci id=s: id=s is given twice: choose another
        - --nvme-pci name=n: unknown key "name": only id is known
        - --nvme-pci name=n: the name is missing: write id=NAME
        - --vmbus-scsi id=s: no disk is attached to it: add --disk file:PATH,on=s
        - --disk a,on=t: there is no controller "t": known are s
      a thrown away persist: --uefi --disk memdiff:x,persist
        UsageError: --disk memdiff:x,persist: memdiff: throws writes away and persist keeps them: leave one out
      three on one channel: --pcat --ide a,s --ide b,s --ide c,s
        UsageError: --ide c,s (slot): slot 2 of ide is already taken by a (disks[0]): choose another or leave it out
      networks: --uefi --net bridge --net none:mac=1 --net user:hostfwd=2222:22,model=x,foo --net user:mac=zz --net user:mtu=big
        UsageError: the command line has problems:
        - --net bridge: unknown backend "bridge": known are consomme, user, none, tap, dio and vmnic
        - --net none:mac=1: none takes no options
        - --net user:hostfwd=2222:22,model=x,foo: hostfwd=2222:22 is not accepted: write hostfwd=tcp:[ADDRESS]:PORT-:PORT, such as hostfwd=tcp:127.0.0.1:2222-:22
        - --net user:hostfwd=2222:22,model=x,foo: model=x is not accepted: write virtio, e1000, rtl8139 or ne2k
        - --net user:hostfwd=2222:22,model=x,foo: unknown option "foo": write hostfwd=tcp:[ADDRESS]:PORT-:PORT, model=, mac= or mtu=
        - --net user:mtu=big: mtu=big is not accepted: write a whole number of bytes from 68 to 65535
        - --net none:mac=1 (mac): "1" is not accepted: write six hex pairs, as in 52:54:00:12:34:56
        - --net user:mac=zz (mac): "zz" is not accepted: write six hex pairs, as in 52:54:00:12:34:56
      one port twice: --uefi --net user:hostfwd=tcp::22-:22 --nic --net user:hostfwd=tcp::22-:23
        UsageError: --net user:hostfwd=tcp::22-:23 (forward[0].hostPort): tcp port 22 of the host is already used by nics[0].forward[0].hostPort: choose another
      consoles: --uefi --com1 serial --com2 listen=tcp:127.0.0.1:99999 --com3 console --com4 console
        UsageError: the command line has problems:
        - --com1 serial is not accepted: write none, capture, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH
        - --com2 listen=tcp:127.0.0.1:99999 is not accepted: write none, capture, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH
        - --com4 console: the terminal (console) is already used by consoles.com3: choose another
      actions: --uefi --guest-crash-action exit:256 --guest-reset-action stop --clock fast
        UsageError: the command line has problems:
        - --guest-crash-action exit:256 is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to 255
        - --guest-reset-action stop is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to 255
        - --clock fast is not accepted: write real or warp
      placement: --uefi --vmm quemu --hypervisor kvmm --chipset q53 --name 1vm --boot bios
        UsageError: the command line has problems:
        - --vmm quemu is not accepted: write qemu, openvmm, bhyve, vmctl or v86 (did you mean "qemu"?)
        - --hypervisor kvmm is not accepted: write kvm, mshv, whp, hvf, vmm, bhyve-vmm, tcg or jit (did you mean "kvm"?)
        - --chipset q53 is not accepted: write auto, pc, q35 or microvm (did you mean "q35"?)
        - --boot bios is not accepted: write uefi, pcat or kernel
        - --name 1vm: "1vm" is not accepted: start with a letter; letters, digits, '.', '_', '-'; at most 63
      not carried: --uefi --numa size=1G --virtio-fs tag,/x --hypervisor kvm:nested_virt --disk mem:1G --halt-on-reset
        UnsupportedError: the command line has options not carried yet:
        - --numa size=1G: NUMA (an option of OpenVMM) is not carried yet: leave it out
        - --virtio-fs tag,/x: shared file systems (an option of OpenVMM) is not carried yet: leave it out
        - --hypervisor kvm:nested_virt: parameters (":nested_virt") are not carried yet
        - --disk mem:1G: disk kind "mem:" is not carried yet: use file:PATH
        - --halt-on-reset: the old switch for resets (an option of OpenVMM) is not carried yet: write --guest-reset-action halt
      not carried and wrong: --uefi --hv --memory 4Q
        UsageError: the command line has problems:
        - --memory 4Q is not accepted: write a size such as 512M or 4G
        - --hv: Hyper-V enlightenments and VMBus (an option of OpenVMM) is not carried yet: leave it out
      "
    `);
});

test("an option of the caller's own is suggested too", () => {
  expect(complaints(["--uefi", "--expct", "x"], { alsoKnown: ["expect"] })).toContain("did you mean --expect?");
});

test("a terminal's escapes are not repeated", () => {
  const told = complaints(["--uefi", "--memory", "\u001b[31m", "--\u009b", "\u202e"]);
  expect(told).not.toMatch(/[\u001b\u009b\u202e]/);
});
