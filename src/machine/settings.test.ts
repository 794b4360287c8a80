import { expect, test } from "vitest";
import { type Config, configSchema, defineConfig } from "./config.ts";
import { hostVariables, meaning, settingWords } from "./environment.ts";
import { UsageError } from "./errors.ts";
import { mergeSettings, type SettingSources } from "./settings.ts";

const cwd = "/project";

function complaints(sources: Omit<SettingSources, "cwd">): string {
  try {
    mergeSettings({ ...sources, cwd });
  } catch (error) {
    if (error instanceof UsageError) return `\n${error.message}\n`;
    throw error;
  }
  return "";
}

test("with nothing said there are defaults", () => {
  expect(mergeSettings({ cwd })).toMatchInlineSnapshot(`
    {
      "firmware": {},
      "host": "local",
      "images": {},
      "keepTraces": "failures",
      "machine": {},
      "oracle": {},
      "require": [],
      "results": "/project/petri-results",
      "retries": 0,
      "timeoutScale": 1,
      "traceCap": 1073741824,
    }
  `);
});

test("the file is below the environment, the environment below the flags", () => {
  const config = defineConfig({ retries: 1, timeoutScale: 2, vmm: "qemu", firmware: { seabios: "b.bin" } });
  const env = { PETRI_RETRIES: "2", PETRI_TIMEOUT_SCALE: "3", PETRI_UEFI_CODE: "c.fd", PETRI_KEEP_TRACES: "" };
  const settings = mergeSettings({ config, env, flags: { retries: "3" }, cwd });
  expect(settings).toMatchObject({ retries: 3, timeoutScale: 3, vmm: ["qemu"], keepTraces: "failures" });
  expect(settings.firmware).toEqual({ seabios: "/project/b.bin", uefiCode: "/project/c.fd" });
});

test("paths start from where they were written", () => {
  const config: Config = {
    results: "out",
    qemu: "./bin/qemu",
    images: { mine: { disk: "d.raw", ready: /ok/ } },
    machine: {
      boot: { kind: "kernel", kernel: "k", cmdline: "root=x" },
      disks: [{ file: "/abs" }, { file: "rel" }],
      consoles: { com1: "file=log", com2: "capture" },
    },
  };
  expect(mergeSettings({ config, configFile: "ci/petri.config.ts", cwd })).toMatchObject({
    results: "/project/ci/out",
    qemu: "/project/ci/bin/qemu",
    images: { mine: { disk: "/project/ci/d.raw", ready: /ok/ } },
    machine: {
      boot: { kernel: "/project/ci/k", cmdline: "root=x" },
      disks: [{ file: "/abs" }, { file: "/project/ci/rel" }],
      consoles: { com1: "file=/project/ci/log", com2: "capture" },
    },
  });
  expect(
    mergeSettings({ env: { PETRI_QEMU: "qemu-kvm", PETRI_RESULTS: "r" }, configFile: "ci/x.ts", cwd }),
  ).toMatchObject({
    qemu: "qemu-kvm",
    results: "/project/r",
  });
});

test("a boot kind that is none is refused by the name it was written under", () => {
  expect(mergeSettings({ env: { PETRI_BOOT: "uefi, pcat" }, cwd }).boot).toEqual(["uefi", "pcat"]);
  expect(complaints({ env: { PETRI_BOOT: "uef" } })).toContain(
    "PETRI_BOOT=uef is not accepted: write uefi, pcat or kernel",
  );
});

test("words in a list are split at commas", () => {
  expect(mergeSettings({ flags: { require: "qemu, v86" }, env: { PETRI_VMM: "v86" }, cwd })).toMatchObject({
    require: ["qemu", "v86"],
    vmm: ["v86"],
  });
});

test("an accelerator has two flags, of which one is to be written", () => {
  expect(mergeSettings({ flags: { accelerator: "tcg,kvm" }, cwd }).accelerator).toEqual(["tcg", "kvm"]);
  expect(mergeSettings({ flags: { hypervisor: "tcg" }, cwd }).accelerator).toEqual(["tcg"]);
  expect(complaints({ flags: { accelerator: "kmv" } })).toContain("--accelerator kmv is not accepted: write kvm, ");
  expect(complaints({ flags: { accelerator: "tcg", hypervisor: "tcg" } })).toContain(
    "--hypervisor and --accelerator say the same: write one",
  );
});

test("everything wrong is told at once, with where it was written", () => {
  const config = {
    retires: 1,
    vmm: "qmu",
    keepTraces: "al",
    memoryBudget: "8Q",
    machine: { memory: { size: "4Q" }, boot: { frontpage: "no" }, nmae: "x" },
    images: { mine: {}, other: { disk: "d", initrd: "i", ready: 3 } },
    firmware: { seebios: "x" },
  };
  const env = { PETRI_RETRIES: "-1", PETRI_RETRYS: "1", PETRI_REQUIRE: "qemu,xen", PETRI_RUN_DIR: "/x", HOME: "/" };
  const flags = { "timeout-scale": "0", "trace-cap": "lots", retries: "1.5" };
  expect(complaints({ config, env, flags })).toMatchInlineSnapshot(`
    "
    the settings have problems:
      - petri.config.ts: vmm[0]: "qmu" is not accepted: write qemu, openvmm, bhyve, vmctl or v86 (did you mean "qemu"?)
      - petri.config.ts: memoryBudget: "8Q" is not accepted: write a whole number with K, M, G or T, such as 512M or 4G
      - petri.config.ts: images.mine.disk: name what to boot: disk or kernel
      - petri.config.ts: images.other.ready: 3 is not accepted: write text or a regular expression, such as /login: $/
      - petri.config.ts: keepTraces: "al" is not accepted: write failures, all or none (did you mean "all"?)
      - petri.config.ts: firmware.seebios: unknown key: did you mean "seabios"?
      - petri.config.ts: retires: unknown key: did you mean "retries"?
      - petri.config.ts: machine.boot.frontpage: "no" is not accepted: write true or false
      - petri.config.ts: machine.memory.size: "4Q" is not accepted: write a whole number with K, M, G or T, such as 512M or 4G
      - petri.config.ts: machine.nmae: unknown key: did you mean "name"?
      - PETRI_REQUIRE=qemu,xen is not accepted: write qemu, openvmm, bhyve, vmctl or v86
      - PETRI_RETRIES=-1 is not accepted: write a whole number from 0
      - --retries 1.5 is not accepted: write a whole number from 0
      - --timeout-scale 0 is not accepted: write a number above 0, such as 2.5
      - --trace-cap lots is not accepted: write a whole number with K, M, G or T, such as 512M or 4G
      - PETRI_RETRYS: unknown variable: did you mean PETRI_RETRIES?
    "
  `);
});

test.each([null, 5, "x", []])("%o is no configuration", (config) => {
  expect(complaints({ config })).not.toBe("");
});

test("each setting has one variable, a meaning, and a place in the file", () => {
  const variables = [...settingWords.map(({ env }) => env), ...Object.keys(hostVariables)];
  expect(new Set(variables).size).toBe(variables.length);
  for (const word of settingWords) expect(meaning(word), word.key).not.toBe("");
  const keys = new Set(settingWords.map(({ key }) => key.split(".")[0]));
  expect([...keys, "machine", "images", "oracle"].sort()).toEqual(Object.keys(configSchema.shape).sort());
});
