import type { Rule } from "./rule.ts";

export type Severity = "crash" | "warning";

/** What a kernel says about itself and then goes on: its own debugging, not memory that is already wrong. */
const warningTypes: ReadonlySet<string> = new Set([
  "warning",
  "refcount-warning",
  "lockdep",
  "atomic-sleep",
  "ubsan",
  "kcsan-datarace",
  "leak",
  "unknown",
]);

/** How bad a finding is: by its type where its rule does not say so itself. */
export function severityOf({ type, severity }: Pick<Rule, "type" | "severity">): Severity {
  return severity ?? (warningTypes.has(type) ? "warning" : "crash");
}
