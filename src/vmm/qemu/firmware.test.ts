import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { localHost } from "../../host/local.ts";
import { findFirmware } from "./firmware.ts";

/** A host with these files and no others. */
function hostWith(files: Readonly<Record<string, string>>): Host {
  return {
    ...localHost,
    readable: (path) => path in files,
    readFile: (path) => Buffer.from(files[path] ?? ""),
    list: (dir) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${dir}/`))
        .map((path) => path.slice(dir.length + 1)),
  };
}

const descriptor = (
  code: string,
  more: { features?: string[]; types?: string[]; arch?: string; nvram?: string } = {},
) =>
  JSON.stringify({
    description: `firmware ${code}`,
    "interface-types": more.types ?? ["uefi"],
    mapping: {
      device: "flash",
      executable: { filename: code, format: "raw" },
      ...(more.nvram === undefined ? {} : { "nvram-template": { filename: more.nvram, format: "raw" } }),
    },
    targets: [{ architecture: more.arch ?? "x86_64", machines: ["pc-q35-*"] }],
    features: more.features ?? ["acpi-s3"],
    tags: [],
  });
const share = "/usr/share/qemu/firmware";
const codes = (files: Record<string, string>) => findFirmware(hostWith(files), {}).found.map(({ code }) => code);

test("QEMU's descriptors are taken in the order of their names, with their variable stores", () => {
  const files = {
    [`${share}/60-b.json`]: descriptor("/fw/b"),
    [`${share}/50-a.json`]: descriptor("/fw/a", { nvram: "/fw/vars" }),
    ...{ "/fw/a": "", "/fw/b": "", "/fw/vars": "" },
  };
  expect(findFirmware(hostWith(files), {})).toEqual({
    missing: [],
    found: [
      { boot: "uefi", code: "/fw/a", nvram: "/fw/vars", name: "firmware /fw/a", source: `${share}/50-a.json` },
      { boot: "uefi", code: "/fw/b", name: "firmware /fw/b", source: `${share}/60-b.json` },
    ],
  });
});

test("a descriptor of the administrator replaces the distribution's of the same name, or masks it by being empty", () => {
  const files = {
    [`${share}/50-a.json`]: descriptor("/fw/a"),
    "/etc/qemu/firmware/50-a.json": descriptor("/fw/own"),
    [`${share}/60-b.json`]: descriptor("/fw/b"),
    "/etc/qemu/firmware/60-b.json": "",
    ...{ "/fw/a": "", "/fw/own": "", "/fw/b": "" },
  };
  expect(codes(files)).toEqual(["/fw/own"]);
});

test("what a plain x86-64 machine cannot take is left out", () => {
  const files = {
    [`${share}/10.json`]: descriptor("/fw/secure", { features: ["secure-boot", "requires-smm"] }),
    [`${share}/20.json`]: descriptor("/fw/bios", { types: ["bios"] }),
    [`${share}/30.json`]: descriptor("/fw/arm", { arch: "aarch64" }),
    [`${share}/40.json`]: "not JSON",
    [`${share}/50.json`]: descriptor("/fw/gone"),
    [`${share}/60.json`]: descriptor("/fw/no-vars", { nvram: "/fw/gone" }),
    [`${share}/README`]: descriptor("/fw/secure"),
    ...{ "/fw/secure": "", "/fw/bios": "", "/fw/arm": "", "/fw/no-vars": "" },
  };
  expect(codes(files)).toEqual([]);
});

test("without descriptors the paths of distributions are tried", () => {
  const files = { "/usr/share/OVMF/OVMF_CODE.fd": "", "/usr/share/OVMF/OVMF_VARS.fd": "" };
  expect(codes(files)).toEqual(["/usr/share/OVMF/OVMF_CODE.fd"]);
});

test("what the user named comes first", () => {
  const files = { [`${share}/50-a.json`]: descriptor("/fw/a"), "/fw/a": "", "/my/code": "", "/my/vars": "" };
  const { found } = findFirmware(hostWith(files), { uefiCode: "/my/code", uefiNvram: "/my/vars" });
  expect(found.map(({ code, nvram }) => [code, nvram])).toEqual([
    ["/my/code", "/my/vars"],
    ["/fw/a", undefined],
  ]);
});

test("what the user named and is not there is never replaced by something else", () => {
  const files = { [`${share}/50-a.json`]: descriptor("/fw/a"), "/fw/a": "", "/my/code": "" };
  expect(findFirmware(hostWith(files), { uefiCode: "/my/code", uefiNvram: "/my/vars" })).toEqual({
    found: [],
    missing: ["PETRI_UEFI_NVRAM=/my/vars"],
  });
});
