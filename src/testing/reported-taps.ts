import type { TapRecord } from "../guest/tap/journal.ts";
import type { TapPoint } from "../guest/tap/tree.ts";
import type { ReportedTap, Subtest } from "../report/model.ts";

/** A guest may print results for ever: so many of a test are reported, and as many more that failed. */
const mostSubtests = 1000;
const longestName = 500;

/** The streams that a test's VMs have read, as reports have them. */
export function reportedTaps(records: readonly TapRecord[]): ReportedTap[] {
  const room = { any: mostSubtests, failed: mostSubtests };
  return records.map(({ title, problems, points }) => {
    let omitted = 0;
    const take = (list: readonly TapPoint[]): Subtest[] =>
      list.flatMap((point) => {
        const has = room.any > 0 || (point.outcome === "failed" && room.failed > 0);
        if (!has) omitted++;
        else if (room.any > 0) room.any--;
        else room.failed--;
        const inner = take(point.points);
        return has ? [subtestOf(point, inner)] : inner;
      });
    const subtests = take(points);
    return {
      ...{ title: title.slice(0, longestName), subtests },
      ...(problems.length > 0 && { problems }),
      ...(omitted > 0 && { omitted }),
    };
  });
}

function subtestOf(point: TapPoint, subtests: readonly Subtest[]): Subtest {
  const { number, name, outcome, reason, diagnostics, durationMs } = point;
  return {
    ...{ number, name: name.slice(0, longestName), outcome },
    ...(reason !== undefined && { reason: reason.slice(0, longestName) }),
    ...(outcome === "failed" && diagnostics.length > 0 && { diagnostics }),
    ...(durationMs !== undefined && { durationMs }),
    ...(subtests.length > 0 && { subtests }),
  };
}
