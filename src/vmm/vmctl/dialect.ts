/** What a release of vmctl(8) knows that another does not: the manual pages of OpenBSD 6.3, 6.4, 6.5, 6.7 and 7.4. */
interface Dialect {
  /** `start NAME OPTIONS`; from 6.6 on the name comes last. */
  readonly isNameFirst: boolean;
  /** `stop -f -w`. */
  readonly canForce: boolean;
  /** `create -b BASE`: an image that holds only what differs from another. */
  readonly hasOverlays: boolean;
}

export const oldestRelease = 6.3;

/** The dialect of a release such as `7.4`. */
export function dialectOf(version: string | undefined): Dialect {
  const release = Number.parseFloat(version ?? "") || oldestRelease;
  return { isNameFirst: release < 6.6, canForce: release >= 6.4, hasOverlays: release >= 6.5 };
}

/** The words of `stop` that end a VM whatever its guest does. */
export function stopWords(version: string | undefined, vmName: string): string[] {
  const { isNameFirst, canForce } = dialectOf(version);
  if (!canForce) return ["stop", vmName];
  return isNameFirst ? ["stop", vmName, "-f", "-w"] : ["stop", "-f", "-w", vmName];
}
