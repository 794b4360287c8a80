/** Whether a firmware image is UEFI's, by the names that projects and distributions give theirs. */
export function isUefiFile(path: string): boolean {
  const name = path.split(/[/\\]/).at(-1) ?? path;
  if (/csm|seabios|bios-256k|bios-microvm|qboot|coreboot/i.test(name)) return false;
  return /ovmf|edk2|aavmf|uefi|qemu_efi|efi|msvm|\.fd$/i.test(name);
}
