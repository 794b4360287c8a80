/** One vCPU of a guest that stands still, as QEMU's monitor shows it. */
export interface CpuState {
  readonly index: number;
  /** Linear address of the next instruction. */
  readonly address: bigint;
  readonly dx: number;
  readonly al: number;
  /** At the reset vector, as it is after RESET or INIT (Intel SDM vol. 3, table 10-1). */
  readonly isAtResetVector: boolean;
}

/** `info registers -a`: a block for each vCPU, with 32-bit names where it is not in long mode. */
export function readCpuStates(text: string): CpuState[] {
  return text
    .split(/^CPU#/m)
    .slice(1)
    .flatMap((block) => {
      const index = Number.parseInt(block, 10);
      const hex = (pattern: RegExp) => {
        const found = pattern.exec(block)?.[1];
        return found === undefined ? undefined : BigInt(`0x${found}`);
      };
      const ip = hex(/\b[RE]IP=([0-9a-f]+)/);
      const codeBase = hex(/^CS =[0-9a-f]+ ([0-9a-f]+)/m);
      const ax = hex(/\b[RE]AX=([0-9a-f]+)/);
      const dx = hex(/\b[RE]DX=([0-9a-f]+)/);
      const cr0 = hex(/\bCR0=([0-9a-f]+)/);
      if (Number.isNaN(index) || ip === undefined || codeBase === undefined) return [];
      if (ax === undefined || dx === undefined || cr0 === undefined) return [];
      return [
        {
          index,
          address: ip + codeBase,
          dx: Number(dx & 0xffffn),
          al: Number(ax & 0xffn),
          isAtResetVector: ip === 0xfff0n && codeBase === 0xffff0000n && (cr0 & 1n) === 0n,
        },
      ];
    });
}

/** The bytes that the monitor's `x /Nxb` shows; none if it cannot read there. */
export function readBytes(text: string): number[] {
  return [...text.matchAll(/^[0-9a-f]+:((?: 0x[0-9a-f]{2})+)/gm)].flatMap(([, bytes = ""]) =>
    bytes.trim().split(" ").map(Number),
  );
}

export interface PortWrite {
  readonly port: number;
  readonly value: number;
}

/** The port write that a vCPU has just done, by the code before its next instruction: `out dx, al|ax|eax` or `out imm8`. */
export function portWriteBefore({ dx, al }: CpuState, code: readonly number[]): PortWrite | undefined {
  const [last, before] = [code.at(-1), code.at(-2)];
  if (last === 0xee || last === 0xef) return { port: dx, value: al };
  if (last !== undefined && (before === 0xe6 || before === 0xe7)) return { port: last, value: al };
  return undefined;
}
