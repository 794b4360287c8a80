import type { PowerEvent } from "../power/event.ts";

/** The crashes a test has asked for, each good for one event. */
export class ExpectedCrashes {
  private readonly patterns: (RegExp | string | undefined)[] = [];

  expect(pattern: RegExp | string | undefined): void {
    this.patterns.push(pattern);
  }

  /** True if the crash was asked for; it is then used up. */
  take(event: PowerEvent): boolean {
    const text = [event.cause, ...event.evidence].join("\n");
    const index = this.patterns.findIndex(
      (pattern) =>
        pattern === undefined || (typeof pattern === "string" ? text.includes(pattern) : text.search(pattern) >= 0),
    );
    if (index < 0) return false;
    this.patterns.splice(index, 1);
    return true;
  }

  unmet(): string[] {
    return this.patterns.map((pattern) => (pattern === undefined ? "a crash" : `a crash like ${pattern}`));
  }
}
