import type { MachineOverrides } from "../../../machine/merge.ts";
import { rtcSchema } from "../../../machine/rtc.ts";
import type { ImportSheet } from "../sheet.ts";
import type { DomainNode } from "./node.ts";

/** formatdomain, "Time keeping": an absolute start counts seconds since 1970. */
export function readClock(domain: DomainNode, sheet: ImportSheet): Pick<MachineOverrides, "rtc"> {
  const clock = domain.child("clock");
  const [offset = "utc", start] = [clock?.attribute("offset"), clock?.attribute("start")];
  if (clock === undefined || offset === "utc") return {};
  if (offset === "localtime") return { rtc: offset };
  const date = new Date(Number(start ?? Number.NaN) * 1000);
  const text = Number.isFinite(date.getTime()) ? date.toISOString().slice(0, "2031-04-05T06:07:08".length) : "";
  if (offset === "absolute" && rtcSchema.safeParse(text).success) return { rtc: text };
  sheet.drop(clock.said, "a machine's clock chip starts in UTC, at the host's local time or at a date: UTC is taken");
  return {};
}
