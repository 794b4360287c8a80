import { localHost } from "../../host/local.ts";
import { hasDeathPact } from "../../host/process.ts";
import { runRoot } from "../../host/run-directory.ts";
import { type Leftover, sweep } from "../../host/sweep.ts";
import { cacheFolder } from "../../image/cache.ts";
import { type ImageStatus, imageStatus, listImages } from "../../image/status.ts";
import { type VmmName, vmmNames } from "../../machine/placement.ts";
import { namedPrograms } from "../../machine/settings.ts";
import { detectAll } from "../../vm/detection.ts";
import type { Detection } from "../../vmm/contract.ts";
import { vmms } from "../../vmm/registry.ts";
import { loadSettings } from "../config-file.ts";
import { accelerationFixes } from "./acceleration.ts";
import { printFindings } from "./print-findings.ts";

/** What this host has and lacks. Plain data: `petri doctor --json` prints it as it is. */
export interface Findings {
  readonly host: { readonly platform: string; readonly arch: string; readonly node: string };
  readonly vmms: readonly (Detection & { readonly works: boolean })[];
  /** VMMs that cannot run on this host whatever is installed, and why. */
  readonly elsewhere: readonly { readonly vmm: VmmName; readonly reason: string }[];
  readonly images: readonly ImageStatus[];
  readonly cacheFolder: string;
  readonly runDirectory: string;
  /** Whether a VMM dies with a harness that is killed, or only when the next run sweeps. */
  readonly deathPact: boolean;
  readonly leftovers: readonly Leftover[];
}

const elsewhere: Partial<Record<VmmName, string>> = {};

const article = (name = "") => `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
const isHere = ({ present, needsHost }: Detection) => present || needsHost === undefined;

export interface DoctorOptions {
  readonly fresh: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** EX_UNAVAILABLE of sysexits.h: no VMM works. */
const noneWorks = 69;

export async function doctor({ fresh, json, signal }: DoctorOptions): Promise<number> {
  const settings = await loadSettings({});
  const leftovers = sweep(runRoot());
  const overrides = namedPrograms(settings);
  const detections = await detectAll(localHost, { overrides, fresh, signal });
  const carried = new Set(vmms.map(({ name }) => name));
  const findings: Findings = {
    host: { platform: process.platform, arch: process.arch, node: process.versions.node },
    vmms: detections.filter(isHere).map((detection) => ({
      ...detection,
      works: detection.accelerators.some(({ works }) => works),
      fixes: [...detection.fixes, ...accelerationFixes(detection)],
    })),
    elsewhere: [
      ...detections
        .filter((each) => !isHere(each))
        .map(({ vmm, needsHost }) => ({ vmm, reason: `needs ${article(needsHost)} host` })),
      ...vmmNames
        .filter((vmm) => !carried.has(vmm))
        .map((vmm) => ({ vmm, reason: elsewhere[vmm] ?? "not carried yet" })),
    ],
    images: await Promise.all(listImages().map(({ name }) => imageStatus(name, { signal }))),
    cacheFolder: cacheFolder(),
    runDirectory: runRoot(),
    deathPact: hasDeathPact,
    leftovers,
  };
  if (json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else printFindings(findings, process.stdout);
  return findings.vmms.some(({ works, isDouble }) => works && !isDouble) ? 0 : noneWorks;
}
