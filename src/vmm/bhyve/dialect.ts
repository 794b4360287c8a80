/** What a release of bhyve knows that another does not: FreeBSD's manual pages, bhyve(8). */
export interface Dialect {
  /** ACPI tables only if asked for (`-A`); later they always are there. */
  readonly needsAcpiOption: boolean;
  /** `slirp` behind a network card: NAT without root's help. */
  readonly hasSlirp: boolean;
  /** `system.manufacturer` and its like; an unknown variable is ignored without a word (bhyve_config(5)). */
  readonly hasSmbiosStrings: boolean;
  readonly mostProcessors: number;
}

/** The oldest that is spoken to: the first whose configuration is one tree, and whose `-l bootrom` takes variables. */
export const oldestRelease = 13;

/** The dialect of a release such as `14.2`. */
export function dialectOf(version: string | undefined): Dialect {
  const major = Number.parseInt(version ?? "", 10) || oldestRelease;
  return {
    needsAcpiOption: major < 14,
    hasSlirp: major >= 15,
    hasSmbiosStrings: major >= 14,
    // From 14 on `hw.vmm.maxcpu` says, which is the host's number of CPUs unless set.
    mostProcessors: major < 14 ? 16 : 254,
  };
}
