/**
 * Names that some released QEMU knows (7.2's own `-device help`, `-cpu help`, `-machine help`, and what versions before
 * and after it had). For binaries of other architectures only x86's own names are judged.
 */

const devices = new Set(
  words(`AC97 AMDVI-PCI ES1370 VGA acpi-erst adlib am53c974 amd-iommu ati-vga bochs-display ccid-card-emulated
  ccid-card-passthru cirrus-vga cs4231a ctucan_pci cxl-downstream cxl-rp cxl-type3 cxl-upstream cxl-switch-mailbox-cci
  dc390 e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e edu floppy guest-loader gus hda-duplex hda-micro hda-output
  hv-syndbg hv-balloon hyperv-testdev i2c-ddc i6300esb i8042 i82550 i82551 i82557a i82557b i82557c i82558a i82558b i82559a
  i82559b i82559c i82559er i82562 i82801 i82801b11-bridge ib700 ich9-ahci ahci ich9-intel-hda ich9-usb-ehci1 ich9-usb-ehci2
  ich9-usb-uhci1 ich9-usb-uhci2 ich9-usb-uhci3 ich9-usb-uhci4 ich9-usb-uhci5 ich9-usb-uhci6 ide-cd ide-hd ide-drive ide-cf
  intel-hda intel-iommu ioh3420 ipmi-bmc-extern ipmi-bmc-sim ipoctal232 isa-applesmc isa-cirrus-vga isa-debug-exit
  isa-debugcon isa-fdc isa-ide isa-ipmi-bt isa-ipmi-kcs isa-parallel isa-serial isa-vga ivshmem ivshmem-doorbell
  ivshmem-plain ivshmem-flat kvaser_pci kvm-pci-assign pci-assign loader lsi lsi53c810 lsi53c895a mc146818rtc megasas
  megasas-gen2 mioe3680_pci mptsas1068 ne2k_isa ne2k_pci nec-usb-xhci nvdimm nvme nvme-ns nvme-subsys pc-dimm pc-testdev
  pci-bridge pci-bridge-seat pci-ipmi-bt pci-ipmi-kcs pci-ohci pci-serial pci-serial-2x pci-serial-4x pci-testdev
  pcie-pci-bridge pcie-root-port pcm3680_pci pcnet piix3-ide piix3-usb-uhci piix4-ide piix4-usb-uhci pvpanic pvpanic-pci
  pvrdma pvscsi pxb pxb-cxl pxb-pcie qemu-xhci qxl qxl-vga ramfb rocker rtl8139 sb16 scsi-block scsi-cd scsi-disk
  scsi-generic scsi-hd sd-card sdhci-pci secondary-vga sga smbus-ipmi smbus-eeprom testdev tpci200 tpm-crb tpm-tis
  tpm-tis-device tulip u2f-emulated u2f-passthru ufs ufs-lu uefi-vars-x64 usb-audio usb-bot usb-braille usb-bt-dongle
  usb-ccid usb-ehci usb-host usb-hub usb-kbd usb-mouse usb-mtp usb-net usb-redir usb-serial usb-storage usb-tablet usb-uas
  usb-video usb-canokey canokey usb-wacom-tablet vfio-pci vfio-pci-igd-lpc-bridge vfio-pci-nohotplug vfio-user-pci
  vhost-scsi vhost-user-blk vhost-user-gpu vhost-user-input vhost-user-rng vhost-user-scsi vhost-user-vga virtconsole
  virtserialport vmbus-bridge vmclock vmcoreinfo vmgenid vmmouse vmport vmware-svga vmxnet3 x-pci-proxy-dev x3130-upstream
  xen-backend xen-block xen-cdrom xen-console xen-disk xen-net-device xen-pci-passthrough xen-platform xen-pvdevice
  xio3130-downstream igb igbvf iommu-testdev amd-sev-guest eec xlnx-versal-ospi e1000-82540 isa-pcspk isa-superio
  kvmvapic piix3-ide-xen sysbus-fdc acpi-generic-initiator emc1413 tmp105 tmp421 ds1338 at24c-eeprom i2c-echo
  generic-sdhci dbus-display vmw-pvscsi fw_cfg_mem hpet sierra smc91c111 port92 i440FX mch ICH9-LPC virtio-nsm`),
);

const virtio =
  /^(virtio|vhost|vhost-user)-(9p|blk|net|scsi|rng|balloon|serial|gpu|gpu-gl|gpu-rutabaga|vga|vga-gl|vga-rutabaga|keyboard|mouse|tablet|multitouch|input|input-host|iommu|mem|md|pmem|crypto|sound|snd|vsock|fs|i2c|gpio|scmi|spi|test|video|can|vdpa-device|device|nsm|rtc|mmio)(-(pci|device|ccw))?(-(non-)?transitional)?$/;

export function isDevice(name: string): boolean {
  return devices.has(name) || virtio.test(name) || /-cpu$/.test(name);
}

export const deviceNames: readonly string[] = [...devices];

const x86Machines =
  /^(pc|q35|isapc|none|microvm|xenpv|xenfv|xenpvh|xenfv-[\d.]+|x-remote|nitro-enclave|pc-\d[\d.]*|pc-(i440fx|q35)-[\w.]+(-hpb)?)$/;

export function isX86Machine(type: string): boolean {
  return x86Machines.test(type);
}

const x86Models =
  /^(486|Broadwell|Cascadelake-Server|ClearwaterForest|Conroe|Cooperlake|Denverton|Dhyana|DiamondRapids|EPYC(-(IBPB|Milan|Rome|Genoa|Turin))?|GraniteRapids|Haswell|Icelake-(Client|Server)|IvyBridge|KnightsMill|Nehalem|Opteron_G[1-5]|Penryn|SandyBridge|SapphireRapids|SierraForest|Skylake-(Client|Server)|Snowridge|Westmere|YongFeng|athlon|base|core2duo|coreduo|host|kvm32|kvm64|max|n270|pentium|pentium[23]|phenom|qemu32|qemu64)(-noTSX)?(-IBRS)?(-v\d+)?$/;

export function isX86Model(name: string): boolean {
  return x86Models.test(name.replace(/-(x86_64|i386)-cpu$/, ""));
}

export const accelerators: ReadonlySet<string> = new Set(words("kvm tcg xen hax hvf whpx nvmm qtest mshv nitro"));
export const vgaTypes: ReadonlySet<string> = new Set(words("none std cirrus vmware qxl xenfb tcx cg3 virtio ati"));
export const displayTypes: ReadonlySet<string> = new Set(
  words("none sdl gtk vnc curses cocoa egl-headless spice-app dbus default"),
);
export const netdevTypes: ReadonlySet<string> = new Set(
  words(`user tap bridge socket stream dgram vde netmap l2tpv3 hubport vhost-user vhost-vdpa af-xdp passt vmnet-host
  vmnet-shared vmnet-bridged none`),
);
export const chardevTypes: ReadonlySet<string> = new Set(
  words(`stdio ringbuf mux pipe qemu-vdagent null msmouse socket vc parallel parport udp memory file serial tty wctablet
  pty testdev braille console spicevmc spiceport dbus hub`),
);
export const watchdogs: ReadonlySet<string> = new Set(words("i6300esb ib700 wdt_diag288 diag288 itco"));
export const protocols: ReadonlySet<string> = new Set(
  words(`file host_device host_cdrom host_floppy nbd http https ftp ftps ssh iscsi rbd gluster nfs nvme vvfat sheepdog
  null-co null-aio curl io_uring nvme-io_uring virtio-blk-vfio-pci virtio-blk-vhost-user virtio-blk-vhost-vdpa vxhs
  snapshot-access fat`),
);
export const formats: ReadonlySet<string> = new Set(
  words(`raw qcow2 qcow qed vpc vhdx vdi vmdk parallels luks dmg cloop bochs blkdebug blkverify blkreplay copy-on-read
  copy-before-write throttle quorum replication compress preallocate blklogwrites`),
);

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
