/** A line of TAP 13 or 14, or KTAP (Documentation/dev-tools/ktap.rst of Linux), without what stands before it. */
export type TapLine =
  | { readonly is: "version"; readonly isKtap: boolean }
  | { readonly is: "plan"; readonly end: number; readonly text: string }
  | { readonly is: "point"; readonly ok: boolean; readonly number: number | undefined; readonly text: string }
  | { readonly is: "bail-out"; readonly reason: string }
  | { readonly is: "subtest"; readonly name: string }
  | { readonly is: "yaml" | "close" | "comment" }
  /** It begins like one of these, and is none: what it said is lost. */
  | { readonly is: "garbled" };

/** Directives of KTAP that TAP does not have: a failure that is expected. */
const xfail = /(?<=\s|^)#\s*XFAIL\b/;
const likeOne = /^(?:not\s+ok\b|notok\b|ok\s*\d|\d+\.\.|K?TAP version\b)/i;

/** What the line is; undefined if it is not TAP's. */
export function tapLine(text: string): TapLine | undefined {
  const point = /^(not )?ok(?: +(\d{1,9})(?=\s|$))?((?:\s.*)?)$/.exec(text);
  // "ok 3foo" has lost something: a space, or more.
  if (point && !/^\s*\d+(?!\d|\s|$)/.test(point[3] ?? "")) return pointOf(point);
  const plan = /^1\.\.(\d{1,9})(?:\s+#.*)?$/.exec(text);
  if (plan) return { is: "plan", end: Number(plan[1]), text };
  const version = /^(K?)TAP version \d+$/.exec(text);
  if (version) return { is: "version", isKtap: version[1] === "K" };
  const bail = /^Bail out!(.*)$/i.exec(text);
  if (bail) return { is: "bail-out", reason: bail[1]?.trim() ?? "" };
  const subtest = /^# Subtest(?:: (.*))?$/.exec(text);
  if (subtest) return { is: "subtest", name: subtest[1]?.trim() ?? "" };
  if (/^ {2,3}---$/.test(text)) return { is: "yaml" };
  if (text === "}") return { is: "close" };
  if (/^#|^pragma [+-]/.test(text)) return { is: "comment" };
  return likeOne.test(text) ? { is: "garbled" } : undefined;
}

function pointOf([, not, number, rest = ""]: RegExpExecArray): TapLine {
  const said = rest.trimEnd().replace(xfail, "# TODO");
  const text = `${not ?? ""}ok${number === undefined ? "" : ` ${Number(number)}`}${said === "" ? "" : ` ${said.trimStart()}`}`;
  return { is: "point", ok: not === undefined, number: number === undefined ? undefined : Number(number), text };
}

/**
 * What a line that opens a subtest stands behind: spaces (4 in TAP 14 and KUnit, 2 in KTAP), or `# ` where kselftest's
 * runner passes on what a program printed. Undefined for a line that opens none.
 */
export function openingOf(text: string): string | undefined {
  const spaces = /^(?: {2,8}(?=K?TAP version \d|1\.\.\d|# Subtest)| {4}(?=(?:not )?ok \d))/.exec(text);
  return spaces?.[0] ?? /^# (?=K?TAP version \d)/.exec(text)?.[0];
}
