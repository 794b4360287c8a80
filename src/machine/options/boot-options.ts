import { type BootKind, bootKinds } from "../boot.ts";
import { choice, type Draft, type MachineOption, type Report, withBoot, withRun } from "./option.ts";

const group = "Boot";

function kind(kind: BootKind) {
  return (draft: Draft, _text: string, report: Report): Draft => ({
    ...draft,
    boots: [...draft.boots, { kind, said: report.said }],
  });
}

export const bootOptions: readonly MachineOption[] = [
  {
    name: "uefi",
    short: "e",
    help: "boot UEFI firmware",
    group,
    origin: "openvmm",
    example: "--uefi --disk file:debian.raw",
    sets: "boot.kind",
    apply: kind("uefi"),
  },
  {
    name: "uefi-firmware",
    value: "FILE",
    help: "the firmware's code image; found on the host if absent",
    group,
    origin: "openvmm",
    example: "--uefi --uefi-firmware OVMF_CODE_4M.fd",
    sets: "boot.firmware",
    needs: ["uefi"],
    apply: (draft, firmware) => withBoot(draft, { firmware }),
  },
  {
    name: "uefi-nvram",
    value: "FILE",
    help: "the template of the variable store; every VM gets its own copy",
    group,
    origin: "petri",
    example: "--uefi --uefi-firmware OVMF_CODE_4M.fd --uefi-nvram OVMF_VARS_4M.fd",
    sets: "boot.nvram",
    needs: ["uefi"],
    apply: (draft, nvram) => withBoot(draft, { nvram }),
  },
  {
    name: "disable-frontpage",
    help: "power off instead of showing the firmware's menu when nothing boots",
    group,
    origin: "openvmm",
    example: "--uefi --disable-frontpage --guest-shutdown-action exit",
    sets: "boot.frontpage",
    needs: ["uefi"],
    apply: (draft) => withBoot(draft, { frontpage: false }),
  },
  {
    name: "pcat",
    help: "boot a legacy BIOS",
    group,
    origin: "openvmm",
    example: "--pcat --disk file:dos.img",
    sets: "boot.kind",
    apply: kind("pcat"),
  },
  {
    name: "pcat-firmware",
    value: "FILE",
    help: "the BIOS image; the VMM's own if absent",
    group,
    origin: "openvmm",
    example: "--pcat --pcat-firmware bios-256k.bin",
    sets: "boot.firmware",
    needs: ["pcat"],
    apply: (draft, firmware) => withBoot(draft, { firmware }),
  },
  {
    name: "kernel",
    short: "k",
    value: "FILE",
    help: "boot this kernel directly; with --uefi the firmware starts it",
    group,
    origin: "openvmm",
    example: "--kernel vmlinuz --initrd initrd.img --cmdline console=ttyS0",
    sets: "boot.kernel",
    apply: (draft, kernel) => withBoot(draft, { kernel }),
  },
  {
    name: "initrd",
    short: "r",
    value: "FILE",
    help: "the kernel's initial RAM disk",
    group,
    origin: "openvmm",
    example: "--kernel vmlinuz --initrd initrd.img",
    sets: "boot.initrd",
    needs: ["kernel", "image"],
    apply: (draft, initrd) => withBoot(draft, { initrd }),
  },
  {
    name: "cmdline",
    short: "c",
    value: "STRING",
    help: "the kernel's command line; several are joined by spaces",
    group,
    origin: "openvmm",
    repeats: true,
    example: "--kernel vmlinuz --cmdline console=ttyS0 --cmdline panic=-1",
    sets: "boot.cmdline",
    needs: ["kernel", "image"],
    apply: (draft, text) => {
      const before = draft.machine.boot?.cmdline;
      return withBoot(draft, { cmdline: before === undefined ? text : `${before} ${text}` });
    },
  },
  {
    name: "boot",
    value: "uefi|pcat|kernel",
    help: "how to boot: --uefi, --pcat or directly; with --image, how the image boots",
    group,
    origin: "petri",
    example: "--image debian-12 --boot uefi",
    sets: "boot.kind",
    apply: (draft, text, report) => {
      const boot = choice(bootKinds, text, report);
      return boot === undefined ? draft : kind(boot)(draft, text, report);
    },
  },
  {
    name: "image",
    value: "NAME",
    help: "boot an image of the catalogue or of petri.config.ts",
    group,
    origin: "petri",
    example: "--image petri-guest --boot pcat",
    apply: (draft, image, report) => {
      if (image !== "") return withRun(draft, { image });
      report.wrong("the name is missing: see petri images");
      return draft;
    },
  },
];
