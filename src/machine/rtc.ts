import { z } from "zod";

const form = 'write utc, localtime or a date of the guest\'s first moment, such as "2031-04-05T06:07:08"';

/** What the guest's clock chip shows at first; in UTC for every VMM whose words say nothing else. */
export const rtcSchema = z
  .string({ error: form })
  .refine((text) => text === "utc" || text === "localtime" || isDate(text), form)
  .default("utc")
  .describe('what the clock chip shows at first: the host\'s time as utc or localtime, or "2031-04-05T06:07:08"');

/** Seconds and no zone, of a day that there is; the chip counts from 1970 to 2099 (MC146818 and its century). */
function isDate(text: string): boolean {
  if (!/^(19[7-9]|20\d)\d-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return false;
  const date = new Date(`${text}Z`);
  return Number.isFinite(date.getTime()) && date.toISOString().startsWith(text);
}
