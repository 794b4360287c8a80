/** One thing wrong with a machine: where in its JSON, and what to do about it. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function problem(path: readonly PropertyKey[], message: string): Problem {
  return { path, message };
}

/** `disks[1].slot`, the way one writes it in TypeScript. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const name = String(key);
      if (!/^[\w$-]{1,60}$/.test(name)) return `[${show(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}

export function formatProblem({ path, message }: Problem): string {
  return path.length === 0 ? message : `${formatPath(path)}: ${message}`;
}

// Controls of the second block, line separators and bidirectional marks, which JSON.stringify leaves as they are.
const unprintable = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A value as it may stand in a message: quoted, on one line, of bounded length, harmless to a terminal. */
export function show(value: unknown): string {
  const text = (toJson(value) ?? String(value)).replace(
    unprintable,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}

/** The same without quotes where a shell would need none. */
export function showWord(text: string): string {
  return /^[\w./:=,+@%[\]-]{1,100}$/.test(text) ? text : show(text);
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // Cycles and BigInts have no JSON.
    return `(${typeof value})`;
  }
}
