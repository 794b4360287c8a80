import { oneLine } from "../../report/escape.ts";

export interface KeptNews {
  /** As `petri attach` calls it. */
  readonly name: string;
  readonly test: string;
  readonly failure: string;
  readonly state: string;
  readonly vmm: string;
}

/** Says that a failing test's VM waits, and what can be done with it: the run goes on, but this test does not. */
export function tellKept({ name, test, failure, state, vmm }: KeptNews): void {
  const lines = [
    `${state} on ${vmm}: ${oneLine(test)}`,
    `  ${oneLine(failure, { maxLength: 300 })}`,
    `  look at it:  petri attach ${name}`,
    `  let it go:   petri attach ${name} discard`,
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
}
