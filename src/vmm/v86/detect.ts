import { compiledModule } from "../../host/compiled.ts";
import type { Host } from "../../host/host.ts";
import type { Detection, DetectSettings, FirmwareFinding, Vmm } from "../contract.ts";
import { unreadable } from "../named-firmware.ts";
import { probeAccelerator } from "../probe.ts";

/** The release that petri-v86's hooks are written against; package.json pins it. */
const v86Version = "0.5.462";

/** v86 needs the small build of SeaBIOS: its ROM area ends where the large one begins. */
const biosPaths = [
  ["/usr/share/seabios/bios.bin", "/usr/share/seabios/vgabios-stdvga.bin"],
  ["/usr/share/qemu/bios.bin", "/usr/share/qemu/vgabios-stdvga.bin"],
] as const;

export async function detectV86(vmm: Vmm, host: Host, settings: DetectSettings): Promise<Detection> {
  const { seabios: PETRI_SEABIOS, vgabios: PETRI_VGABIOS } = settings.overrides;
  const missing = unreadable(host, { PETRI_SEABIOS, PETRI_VGABIOS });
  const firmware = missing.length > 0 ? [] : findBios(host, settings.overrides);
  const soFar: Detection = {
    vmm: "v86",
    present: true,
    binary: compiledModule(import.meta.url, "./process/main"),
    version: v86Version,
    accelerators: [],
    firmware,
    ...{ notes: [], fixes: [], unreadable: missing },
    ...(missing.length > 0
      ? { notes: missing.map((each) => `${each} cannot be read`), fixes: ["name a BIOS that is there, or unset it"] }
      : firmware.length === 0
        ? { notes: ["no BIOS image: pcat cannot boot; kernel can"], fixes: ["sudo apt-get install -y seabios"] }
        : {}),
  };
  const limit = { ms: 60_000, isLastResort: true, needsLongMode: false, signal: settings.signal };
  return { ...soFar, accelerators: [await probeAccelerator(vmm, host, soFar, "jit", limit)] };
}

function findBios(host: Host, overrides: Readonly<Record<string, string | undefined>>): FirmwareFinding[] {
  const found: FirmwareFinding[] = [];
  const add = (code: string, vga: string | undefined, source: string) => {
    if (!host.readable(code)) return;
    const vgaBios = vga !== undefined && host.readable(vga) ? { vgaBios: vga } : {};
    found.push({ boot: "pcat", code, ...vgaBios, name: "SeaBIOS", source });
  };
  if (overrides.seabios) add(overrides.seabios, overrides.vgabios, "PETRI_SEABIOS");
  for (const [code, vga] of biosPaths) add(code, vga, "known path");
  return found;
}
