import type { AcceleratorFinding, FirmwareFinding, VsockFinding } from "../../vmm/contract.ts";
import { commandName } from "../command-name.ts";
import { bold } from "../style.ts";
import type { Findings } from "./examine.ts";

/** The findings for a person: a mark, what is there, and under it what to type where something is missing. */
export function printFindings(findings: Findings, stream: NodeJS.WriteStream): void {
  const title = bold.isOn(stream) ? bold : (text: string) => text;
  stream.write(`${describeFindings(findings, title).join("\n")}\n`);
}

export function describeFindings(findings: Findings, title: (text: string) => string): string[] {
  const { host, vmms, elsewhere } = findings;
  return [
    title(`Host: ${host.platform} ${host.arch}, Node ${host.node}`),
    ...vmms.flatMap(({ vmm, isDouble, works, version, binary, accelerators, firmware, vsock = [], notes, fixes }) => [
      "",
      title(`${mark(works)} ${vmm}${isDouble ? " (double)" : ""}${version === undefined ? "" : ` ${version}`}`) +
        (binary === undefined ? "" : `  ${binary}`),
      ...accelerators.map(describeAccelerator),
      ...firmware.map(describeFirmware),
      ...vsock.map(describeVsock),
      ...notes.map((note) => `  - ${note}`),
      ...fixes.map(fix),
    ]),
    "",
    ...elsewhere.map(({ vmm, reason }) => `- ${vmm}: ${reason}`),
    "",
    title("Images"),
    ...describeImages(findings.images),
    `  built images are kept in ${findings.cacheFolder}`,
    "",
    title("Runs"),
    `  sockets and other files of running VMs: ${findings.runDirectory}`,
    `  ${mark(findings.deathPact)} ${pact(findings.deathPact)}`,
    `  ${leftovers(findings.leftovers)}`,
    "",
    vmms.some(({ works }) => works)
      ? `Next: ${commandName()} boot --image petri-guest`
      : "No VMM works here: v86 comes with petri-vm; install it again, or install QEMU",
  ];
}

function describeAccelerator({ name, works, reason, cpuMode, bootMs }: AcceleratorFinding): string {
  const proof = works ? `ran ${cpuMode ?? "?"}-bit guest code in ${Math.round(bootMs ?? 0)} ms` : reason;
  const remark = works && reason !== "" && !/^ran /.test(reason) ? ` (${reason})` : "";
  return `  ${mark(works)} ${name}: ${proof}${remark}`;
}

function describeFirmware({ boot, name, code, source }: FirmwareFinding): string {
  return `  ${mark(true)} ${boot} firmware: ${name}, ${code} (${source})`;
}

function describeVsock({ transport, works, reason }: VsockFinding): string {
  const what = transport === "vhost-user" ? "Petri's own device, no root needed" : "the host kernel's device";
  return `  ${mark(works)} vsock by ${transport}: ${reason ?? what}`;
}

function describeImages(images: Findings["images"]): string[] {
  const ready = images.filter(({ state }) => state === "shipped" || state === "built").map(({ name }) => name);
  const others = images.filter(({ name }) => !ready.includes(name));
  const missing = new Map(
    others.flatMap(({ missingTools }) => missingTools.map(({ tool, fix }) => [fix, tool] as const)),
  );
  const later = missing.size === 0 ? "built when first booted, or by: petri images build" : "cannot be built here";
  return [
    `  ${mark(true)} ready: ${ready.join(", ")}`,
    ...(others.length > 0
      ? [`  ${missing.size === 0 ? "-" : mark(false)} ${others.map(({ name }) => name).join(", ")}: ${later}`]
      : []),
    ...[...missing].flatMap(([command, tool]) => [`    ${tool} is missing`, fix(command)]),
  ];
}

function fix(command: string): string {
  return `    fix: ${command}`;
}

function pact(holds: boolean): string {
  return holds
    ? "a VMM dies with its harness, even by kill -9"
    : "no death pact (setpriv of util-linux is missing): the next run sweeps what a kill -9 leaves";
}

function leftovers(found: Findings["leftovers"]): string {
  if (found.length === 0) return `${mark(true)} nothing left behind by runs that were killed`;
  const pids = found.flatMap(({ pids }) => pids);
  return `swept what killed runs had left: ${found.length} ${found.length === 1 ? "folder" : "folders"}${pids.length > 0 ? `, processes ${pids.join(", ")}` : ""}`;
}

function mark(isGood: boolean): string {
  return isGood ? "✓" : "✗";
}
