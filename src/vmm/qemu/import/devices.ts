import { nearest } from "../../../machine/nearest.ts";
import { showWord } from "../../../machine/problem.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import type { CommandLine } from "./command-line.ts";
import { deviceNames, isDevice } from "./known.ts";
import { type Opts, readOpts } from "./opts.ts";

export interface Device {
  /** Its name without `-pci`, `-device`, `-ccw` and the like where virtio has a bus in it. */
  readonly kind: string;
  readonly driver: string;
  readonly opts: Opts;
}

/** The -device options; those that nobody takes are told at the end. */
export class Devices {
  readonly #devices: readonly Device[];
  readonly #taken = new Set<Device>();

  constructor(devices: readonly Device[]) {
    this.#devices = devices;
  }

  /** The devices of these kinds, which the caller carries or puts on the sheet itself. */
  take(kinds: RegExp): Device[] {
    const found = this.#devices.filter((device) => kinds.test(device.kind) && !this.#taken.has(device));
    for (const device of found) this.#taken.add(device);
    return found;
  }

  find(id: string): Device | undefined {
    return this.#devices.find(({ opts }) => opts.peek("id") === id);
  }

  dropRest(sheet: ImportSheet): void {
    for (const device of this.#devices) {
      if (!this.#taken.has(device)) sheet.drop(device.opts.said, reasonOf(device.kind));
    }
  }
}

/** Properties of any device that a machine leaves to the VMM. */
export function deviceReason(key: string): string | undefined {
  if (/^(bus|addr|multifunction|acpi-index|rombar|romfile|port|chassis|slot)$/.test(key))
    return "where it sits on its bus is the VMM's choice";
  if (
    /^(iothread|num-queues|queue-size|queues|mq|vectors|packed|event_idx|ioeventfd|indirect_desc|tx|rx_queue_size|tx_queue_size)$/.test(
      key,
    )
  ) {
    return "says how fast a device is served";
  }
  return undefined;
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [
    /^pcie?-|^ioh3420|^x3130|^xio3130|^pxb|^i82801|root-port|bridge/,
    "a machine leaves the shape of its PCI bus to the VMM",
  ],
  [/ehci|uhci|xhci|ohci|^usb-hub|^usb-ccid|^ccid/, "a machine leaves its USB controllers to the VMM"],
  [/^usb-|keyboard|mouse|tablet|multitouch|^virtio-input/, "a machine has no input devices of its own"],
  [/hda|AC97|ES1370|sb16|adlib|gus|cs4231a|virtio-sound|virtio-snd/i, "a machine has no sound"],
  [/^vfio|pci-assign|^usb-host|^ap-|vdpa/, "a device of the host cannot travel to another VMM"],
  [/^virtio-balloon|^pc-dimm|^nvdimm|^virtio-mem|^virtio-pmem/, "a machine's memory is of one size"],
  [
    /ahci|ide$|scsi$|^lsi|^megasas|^mptsas|pvscsi|am53c974|dc390|^virtio-serial|^nvme-subsys|^spapr-vscsi/,
    "a machine's disks and consoles bring their controllers",
  ],
  [/^tpm/, "a machine's TPM is not carried yet"],
  [/iommu|smmu/, "a machine's IOMMU is not carried yet"],
  [/^cxl/, "a machine's CXL is not carried yet"],
  [
    /^isa-debug-exit|^isa-debugcon|testdev|^edu$/,
    "is a device for tests that only QEMU has: put it into vmmOptions.qemu",
  ],
  [/-cpu$/, "a machine has no processors to plug in later"],
];

function reasonOf(kind: string): string {
  return reasons.find(([pattern]) => pattern.test(kind))?.[1] ?? "a machine has no such device";
}

export function readDevices(line: CommandLine, board: Board, sheet: ImportSheet): Devices {
  const ids = new Set<string>();
  const devices = line.all("device").flatMap(({ value }): Device[] => {
    const opts = readOpts("-device", value, "driver");
    const driver = opts?.take("driver");
    const id = opts?.take("id");
    if (opts === undefined || driver === undefined || driver === "") {
      sheet.refuse(`-device ${value.slice(0, 60)}: Parameter 'driver' is missing`);
      return [];
    }
    if (/^(help|\?)$/.test(driver)) sheet.refuse("-device help: QEMU tells something and ends");
    else if (board.isX86 && !isDevice(driver) && !driver.includes("$")) {
      const close = nearest(driver, deviceNames);
      sheet.refuse(
        `-device ${showWord(driver)}: '${driver}' is not a valid device model name${close === undefined ? "" : ` (did you mean ${close}?)`}`,
      );
    }
    if (id !== undefined && ids.has(id)) sheet.refuse(`-device ${driver},id=${id}: Duplicate device ID '${id}'`);
    if (id !== undefined) ids.add(id);
    return [{ driver, kind: kindOf(driver), opts }];
  });
  return new Devices(devices);
}

function kindOf(driver: string): string {
  return /^(virtio|vhost)/.test(driver) ? driver.replace(/(-(pci|device|ccw))?(-(non-)?transitional)?$/, "") : driver;
}
