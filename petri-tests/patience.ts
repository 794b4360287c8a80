/**
 * Where tests run that take their time: on v86 only with `ALL_VMMS=1`, as `npm test` sets it. README's first command,
 * which finds no other VMM on a bare machine, is a newcomer's first minute.
 */
export const patient = process.env.ALL_VMMS ? (["qemu", "v86"] as const) : (["qemu"] as const);
