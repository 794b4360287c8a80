/** Select Graphic Rendition codes (ECMA-48 §8.3.117). */
const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Paint = Readonly<Record<keyof typeof codes, (text: string) => string>>;

/** Colours, or nothing at all. Each call is closed on its own: no line leaves a terminal coloured. */
export function painter(color: boolean): Paint {
  const paint = (code: number) => (text: string) => (color && text ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    bold: paint(codes.bold),
    dim: paint(codes.dim),
    red: paint(codes.red),
    green: paint(codes.green),
    yellow: paint(codes.yellow),
  };
}
