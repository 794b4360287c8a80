/**
 * A root port for each device: on Linux hosts OpenVMM has no other place for virtio, except under PCAT, where there is
 * no PCI Express and devices find a place themselves.
 */
export class PciePorts {
  private readonly isThere: boolean;
  private count = 0;

  constructor(isThere: boolean) {
    this.isThere = isThere;
  }

  /** The next port's name. */
  next(): string | undefined {
    return this.isThere ? `p${this.count++}` : undefined;
  }

  /** As network cards and folders name it, before what they are. */
  prefix(): string {
    const port = this.next();
    return port === undefined ? "" : `pcie_port=${port}:`;
  }

  /** As disks name it, behind what they are. */
  suffix(): string {
    const port = this.next();
    return port === undefined ? "" : `,pcie_port=${port}`;
  }

  /** As an option of its own. */
  option(name: string): string[] {
    const port = this.next();
    return port === undefined ? [] : [name, port];
  }

  /** The bus with every port that was given out. To be read when all are; arguments may stand before those it names. */
  topology(): string[] {
    if (this.count === 0) return [];
    const ports = Array.from({ length: this.count }, (_, index) => ["--pcie-root-port", `rc0:p${index}`]);
    return ["--pcie-root-complex", "rc0", ...ports.flat()];
  }
}
