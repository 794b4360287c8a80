/** What people call the axes of a machine that some VMM lacks, for its refusals. */
export const axisNames = {
  uuid: "choice of its guest's UUID",
  smbios: "choice of its guest's SMBIOS strings",
  numa: "NUMA topology",
  vsock: "vsock device",
  watchdog: "watchdog",
  pcie: "PCIe topology",
  tpm: "TPM",
  secureBoot: "Secure Boot",
  hyperv: "Hyper-V enlightenments",
} as const;

export type AbsentAxis = keyof typeof axisNames;
