import fc from "fast-check";

/** One whole line of the kernel, as its serial consoles write them. */
export const kernelLine = fc
  .record({
    level: fc.constantFrom("", "", "<6>", "<12>"),
    seconds: fc.nat(99_999),
    caller: fc.constantFrom("", "", "[    T1]", "[   C12]"),
    text: fc.constantFrom(
      ...["foo", "", "login: ok", "[drm] ok", "eth0: a\x1b[1mb", "error 7 ]", "usb 1-1: é", "\xff [3] [ 1.2]"],
    ),
    end: fc.constantFrom("\r\n", "\n"),
  })
  .map(({ level, seconds, caller, text, end }) =>
    Buffer.from(`${level}[${String(seconds).padStart(5)}.123456]${caller} ${text}${end}`, "latin1"),
  );

/** The bytes with kernel lines put in at these offsets, and where each byte of the original went. */
export function interleave(bytes: Buffer, lines: readonly { readonly at: number; readonly line: Buffer }[]) {
  const sorted = lines.toSorted((a, b) => a.at - b.at);
  const parts: Buffer[] = [];
  let from = 0;
  for (const { at, line } of sorted) {
    parts.push(bytes.subarray(from, at), line);
    from = at;
  }
  parts.push(bytes.subarray(from));
  const movedTo = (offset: number) =>
    offset + sorted.filter(({ at }) => at <= offset).reduce((sum, { line }) => sum + line.length, 0);
  return { bytes: Buffer.concat(parts), movedTo };
}
