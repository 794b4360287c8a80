import { join } from "node:path";
import type { Host } from "../../host/host.ts";
import type { VsockPlan } from "../../host/vsock/vsock.ts";
import type { Machine } from "../../machine/machine.ts";
import { firstCid } from "../../machine/vsock.ts";
import type { Detection, RunPaths, VsockFinding } from "../contract.ts";
import { escapeOption } from "./disks.ts";

type Refuse = (axis: string, reason: string) => void;

const transportOf = ({ vsock }: Machine) => vsock && (vsock.transport ?? "vhost-user");

export function findVsock(host: Host): VsockFinding[] {
  const linux = "it needs Linux's descriptor passing and shared memory";
  const device = "/dev/vhost-vsock is not there or not ours to open: sudo modprobe vhost_vsock, and join the group kvm";
  const isLinux = host.platform === "linux";
  return [
    { transport: "vhost-user", works: isLinux, ...(isLinux ? {} : { reason: linux }) },
    host.readable("/dev/vhost-vsock")
      ? { transport: "vhost", works: true }
      : { transport: "vhost", works: false, reason: device },
  ];
}

export function refuseVsock(machine: Machine, detection: Detection, refuse: Refuse): void {
  const transport = transportOf(machine);
  if (!transport) return;
  const finding = detection.vsock?.find((each) => each.transport === transport);
  if (finding?.works === false) {
    const instead = transport === "vhost" ? "; or leave transport out, for Petri's own device" : "";
    refuse("vsock", `${transport} does not work here: ${finding.reason}${instead}`);
  }
  if (needsSharedMemory(machine) && machine.memory.shared === false) {
    refuse(
      "memory.shared",
      "Petri's vsock device reads the guest's memory; leave shared out, or write vsock transport vhost",
    );
  }
}

/** A device outside of QEMU maps the guest's RAM. */
export function needsSharedMemory(machine: Machine): boolean {
  return transportOf(machine) === "vhost-user";
}

export function planVsock(
  machine: Machine,
  paths: RunPaths,
  chipset: string,
): { readonly args: string[]; readonly plan?: VsockPlan; readonly notes: string[] } {
  const { vsock } = machine;
  if (!vsock) return { args: [], notes: [] };
  const device = (name: string) => (chipset === "microvm" ? `${name}-device` : `${name}-pci`);
  if (vsock.transport === "vhost") {
    const cid = vsock.cid ?? paths.vsockCid ?? firstCid;
    return {
      args: ["-device", `${device("vhost-vsock")},guest-cid=${cid}`],
      plan: { transport: "vhost", cid },
      notes: [`vsock: by vhost, the host kernel's AF_VSOCK, as the machine says; the guest has CID ${cid}`],
    };
  }
  const [path, cid] = [join(paths.runDir, "vsock"), vsock.cid ?? firstCid];
  return {
    args: [
      ...["-chardev", `socket,id=vsock,path=${escapeOption(path)}`],
      ...["-device", `${device("vhost-user-vsock")},chardev=vsock`],
    ],
    plan: { transport: "vhost-user", cid, path, ...(vsock.path === undefined ? {} : { forward: vsock.path }) },
    notes: [
      `vsock: by vhost-user, Petri's own device, which needs neither /dev/vhost-vsock nor root; CID ${cid} is known to this VM alone`,
    ],
  };
}
