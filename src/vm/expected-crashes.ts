/** The crashes a test has asked for, each good for one. */
export class ExpectedCrashes {
  private readonly patterns: (RegExp | string | undefined)[] = [];

  expect(pattern: RegExp | string | undefined): void {
    this.patterns.push(pattern);
  }

  /** True if a crash that says so was asked for; the request is then used up. `named`: only one that says which. */
  take(text: string, options: { readonly named?: boolean } = {}): boolean {
    const index = this.patterns.findIndex((pattern) =>
      pattern === undefined ? options.named !== true : matches(pattern, text),
    );
    if (index < 0) return false;
    this.patterns.splice(index, 1);
    return true;
  }

  /** True if a request that says which crash it means is met by this one. */
  has(text: string): boolean {
    return this.patterns.some((pattern) => pattern !== undefined && matches(pattern, text));
  }

  unmet(): string[] {
    return this.patterns.map((pattern) => (pattern === undefined ? "a crash" : `a crash like ${pattern}`));
  }
}

function matches(pattern: RegExp | string, text: string): boolean {
  return typeof pattern === "string" ? text.includes(pattern) : text.search(pattern) >= 0;
}
