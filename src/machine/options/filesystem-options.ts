import { type MachineOption, withMachine } from "./option.ts";

export const filesystemOptions: readonly MachineOption[] = [
  {
    name: "virtio-9p",
    value: "TAG,PATH",
    help: "a folder of the host that the guest mounts: mount -t 9p -o trans=virtio TAG /mnt",
    group: "Network and devices",
    origin: "openvmm",
    repeats: true,
    example: "--uefi --virtio-9p work,.",
    sets: "filesystems",
    apply: (draft, text, report) => {
      // Only the first comma divides: paths may hold more.
      const [, tag, path] = /^([^,]+),(.+)$/s.exec(text) ?? [];
      if (/^pcie_port=/.test(text)) report.notCarried('"pcie_port" is not carried yet: leave it out');
      else if (tag === undefined || path === undefined) report.refuse("write TAG,PATH, such as work,/home/me/work");
      else {
        const filesystems = [...(draft.machine.filesystems ?? []), { kind: "9p" as const, tag, path }];
        return withMachine(draft, { filesystems });
      }
      return draft;
    },
  },
];
