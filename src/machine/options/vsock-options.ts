import { firstCid, lastCid } from "../vsock.ts";
import { type MachineOption, withMachine } from "./option.ts";

export const vsockOptions: readonly MachineOption[] = [
  {
    name: "virtio-vsock-path",
    value: "PATH",
    help: "a virtio socket device; a Unix socket at PATH reaches the guest's ports by CONNECT PORT",
    group: "Network and devices",
    origin: "openvmm",
    example: "--uefi --virtio-vsock-path vm.vsock",
    sets: "vsock.path",
    apply: (draft, path) => withMachine(draft, { vsock: { path } }),
  },
  {
    name: "virtio-vsock-vhost-cid",
    value: "CID",
    help: "a virtio socket device of the host's kernel (/dev/vhost-vsock), with that CID",
    group: "Network and devices",
    origin: "openvmm",
    example: "--uefi --virtio-vsock-vhost-cid 42",
    sets: "vsock.cid",
    apply: (draft, text, report) => {
      const cid = /^\d{1,10}$/.test(text) ? Number(text) : 0;
      if (cid >= firstCid && cid <= lastCid) return withMachine(draft, { vsock: { cid, transport: "vhost" } });
      report.refuse(`write a CID from ${firstCid} to ${lastCid}`);
      return draft;
    },
  },
];
