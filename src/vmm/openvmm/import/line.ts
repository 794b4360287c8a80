import type { GivenOption } from "../../../machine/options.ts";

/** OpenVMM's options as given: clap's grammar is GNU's, without abbreviations. */
export class OpenvmmLine {
  readonly #given: readonly GivenOption[];
  readonly isElided: boolean;

  constructor(given: readonly GivenOption[], isElided: boolean) {
    this.#given = given;
    this.isElided = isElided;
  }

  all(...names: readonly string[]): { readonly name: string; readonly value: string; readonly said: string }[] {
    return this.#given.flatMap(([name, value = ""]) =>
      names.includes(name) ? [{ name, value, said: `--${name}${value === "" ? "" : ` ${value}`}` }] : [],
    );
  }

  last(...names: readonly string[]): string | undefined {
    return this.all(...names).at(-1)?.value;
  }

  has(...names: readonly string[]): boolean {
    return this.all(...names).length > 0;
  }
}
