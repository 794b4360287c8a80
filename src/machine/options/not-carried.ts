/** An option of OpenVMM that Petri knows by name and does not carry yet. */
export interface NotCarried {
  readonly what: string;
  /** Placeholder of its value; absent for a switch. */
  readonly value?: string;
  readonly instead?: string;
}

const pcie = "PCI Express topology";
const vfio = "device assignment";
const filesystems = "shared file systems";
const vsock = "vsock by VMBus";
const openhcl = "OpenHCL and VTL2";
const hyperv = "Hyper-V enlightenments and VMBus";
const virtioBus = "the bus of a virtio device";
const firmware = "firmware settings";
const control = "OpenVMM's own control";

/** OpenVMM's CLI page and the options of its newer versions that the page leaves out. */
export const notCarriedOptions: Readonly<Record<string, NotCarried>> = {
  numa: { what: "NUMA", value: "PARAMS" },
  "numa-distance": { what: "NUMA", value: "SRC:DST:DIST" },
  "numa-memory": { what: "NUMA", value: "SIZES" },
  smt: { what: "topology by SMT", value: "MODE", instead: "--processors count=N,threads=N" },
  "vps-per-socket": { what: "topology by socket", value: "N", instead: "--processors count=N,sockets=N" },
  x2apic: { what: "the x2APIC's mode", value: "MODE" },
  "apic-id-offset": { what: "APIC ids", value: "N" },
  "nested-virt": { what: "nested virtualisation" },
  "shared-memory": { what: "the old switch for shared memory", instead: "--memory shared=on" },
  hv: { what: hyperv },
  "no-vmbus": { what: hyperv },
  "no-enlightenments": { what: hyperv },
  "user-mode-apic": { what: hyperv },
  "vmbus-com1-serial": { what: hyperv, value: "BACKEND", instead: "--com1" },
  "vmbus-com2-serial": { what: hyperv, value: "BACKEND", instead: "--com2" },
  "vmbus-redirect": { what: openhcl },
  "vmbus-max-version": { what: hyperv, value: "VERSION" },
  "scsi-sub-channels": { what: hyperv, value: "N" },
  "pcie-root-complex": { what: pcie, value: "SPEC" },
  "pcie-root-port": { what: pcie, value: "SPEC" },
  "pcie-switch": { what: pcie, value: "SPEC" },
  "pcie-remote": { what: pcie, value: "SPEC" },
  "cxl-test": { what: "CXL", value: "SPEC" },
  vfio: { what: vfio, value: "SPEC" },
  iommu: { what: vfio, value: "SPEC" },
  smmu: { what: "the SMMU", value: "SPEC" },
  "intel-vtd": { what: "the guest's IOMMU" },
  "amd-iommu": { what: "the guest's IOMMU" },
  device: { what: vfio, value: "PATH" },
  "virtio-9p-debug": { what: filesystems },
  "virtio-fs": { what: filesystems, value: "TAG,PATH" },
  "virtio-fs-shmem": { what: filesystems, value: "TAG,PATH" },
  "virtio-fs-bus": { what: virtioBus, value: "BUS" },
  "virtio-pmem": { what: "persistent memory", value: "PATH" },
  "vhost-user": { what: "vhost-user devices", value: "SPEC" },
  nvme: { what: "the old word for an NVMe disk", value: "DISK", instead: "--disk file:PATH,bus=nvme" },
  mana: { what: "the MANA network card", value: "BACKEND", instead: "--net" },
  "kernel-vmnic": { what: "Windows' virtual switch", value: "ID", instead: "--net" },
  "virtio-rng-bus": { what: virtioBus, value: "BUS" },
  "virtio-rng-pcie-port": { what: virtioBus, value: "PORT" },
  "virtio-console-pcie-port": { what: virtioBus, value: "PORT" },
  "virtio-vsock-bus": { what: virtioBus, value: "BUS" },
  "vmbus-vsock-path": { what: vsock, value: "PATH", instead: "--virtio-vsock-path" },
  "vsock-path": { what: vsock, value: "PATH", instead: "--virtio-vsock-path" },
  "vmbus-vtl2-vsock-path": { what: vsock, value: "PATH" },
  tpm: { what: "the TPM" },
  "secure-boot": { what: "Secure Boot" },
  "secure-boot-template": { what: "Secure Boot", value: "TEMPLATE" },
  vmgs: { what: "guest state files", value: "SPEC" },
  "custom-uefi-json": { what: firmware, value: "FILE" },
  "custom-dsdt": { what: firmware, value: "FILE" },
  "uefi-console-mode": { what: firmware, value: "MODE" },
  "uefi-debug": { what: firmware },
  "uefi-enable-memory-protections": { what: firmware },
  "uefi-force-dma-bounce": { what: firmware },
  "efi-diagnostics-log-level": { what: firmware, value: "LEVEL" },
  "default-boot-always-attempt": { what: firmware },
  "pcat-boot-order": { what: "the BIOS's boot order", value: "ORDER" },
  "vga-firmware": { what: "the VGA BIOS", value: "FILE" },
  "device-tree": { what: "device trees" },
  igvm: { what: openhcl, value: "FILE" },
  "igvm-vtl2-relocation-type": { what: openhcl, value: "TYPE" },
  vtl2: { what: openhcl },
  "vtl2-gfx": { what: openhcl },
  get: { what: openhcl },
  "no-get": { what: openhcl },
  "no-alias-map": { what: openhcl },
  "late-map-vtl0-policy": { what: openhcl, value: "POLICY" },
  "openhcl-controller": { what: openhcl, value: "SPEC" },
  "openhcl-dump-path": { what: openhcl, value: "PATH" },
  isolation: { what: "isolation", value: "TYPE" },
  vnc: { what: "VNC without a graphics device", instead: "--gfx" },
  "vnc-max-clients": { what: "limits on VNC clients", value: "COUNT" },
  "vnc-evict-oldest": { what: "limits on VNC clients" },
  debugcon: { what: "the debug console", value: "PORT:BACKEND" },
  "serial-tx-only": { what: "one-way serial ports" },
  battery: { what: "the battery" },
  imc: { what: "Windows' IMC hive", value: "FILE" },
  gdb: { what: "the debugger's port", value: "PORT" },
  "crash-dump-path": { what: "crash dumps", value: "PATH" },
  "restore-snapshot": { what: "snapshots", value: "DIR" },
  "halt-on-reset": { what: "the old switch for resets", instead: "--guest-reset-action halt" },
  rpc: { what: control, value: "SPEC" },
  ttrpc: { what: control, value: "PATH" },
  grpc: { what: control, value: "PATH" },
  "single-process": { what: control },
  "log-file": { what: control, value: "PATH" },
  "write-saved-state-proto": { what: control, value: "PATH" },
};
