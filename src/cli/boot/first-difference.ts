/** Where two runs of bytes part: the first byte that differs, or that only one of them has. Undefined if they are equal. */
export function firstDifference(one: Uint8Array, other: Uint8Array): number | undefined {
  const common = Math.min(one.length, other.length);
  if (Buffer.compare(one.subarray(0, common), other.subarray(0, common)) === 0) {
    return one.length === other.length ? undefined : common;
  }
  let at = 0;
  while (one[at] === other[at]) at++;
  return at;
}
