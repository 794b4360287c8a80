import { z } from "zod";

const countForm = "write a whole number from 1 to 1024";
const count = z.number({ error: countForm }).int(countForm).min(1, countForm).max(1024, countForm);

export const cpuFeatureForm = "write +feature or -feature, such as +avx2";
export const cpuFeature = /^[+-][A-Za-z0-9._-]+$/;

/** Topology as QEMU's `-smp` and bhyve's `-c` have it: sockets × cores × threads, `cores` per socket. */
export const processorsSchema = z
  .strictObject({
    count: count.optional().describe("virtual processors; sockets × cores × threads if absent, else 1"),
    sockets: count.optional(),
    cores: count.optional().describe("cores per socket"),
    threads: count.optional().describe("threads per core"),
    model: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "write a CPU model of the VMM, such as host, max or EPYC")
      .optional()
      .describe("a CPU model of the VMM, such as host, max or EPYC"),
    features: z
      .array(z.string().regex(cpuFeature, cpuFeatureForm))
      .default([])
      .describe("CPUID features switched on (+avx2) or off (-avx2)"),
  })
  .transform(({ count, ...rest }) => ({ count: count ?? product(rest), ...rest }));

interface Topology {
  readonly sockets?: number | undefined;
  readonly cores?: number | undefined;
  readonly threads?: number | undefined;
}

/** Virtual processors that a topology comes to; an axis left out counts once. */
export function product({ sockets, cores, threads }: Topology): number {
  return (sockets ?? 1) * (cores ?? 1) * (threads ?? 1);
}
