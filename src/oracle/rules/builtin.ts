import type { Rule } from "../rule.ts";
import { bootRules } from "./boot.ts";
import { bsdRules } from "./bsd.ts";
import { initRules } from "./init.ts";
import { linuxArchRules } from "./linux-arch.ts";
import { linuxFaultRules } from "./linux-faults.ts";
import { linuxHangRules } from "./linux-hangs.ts";
import { linuxLockRules } from "./linux-locks.ts";
import { linuxSanitizerRules } from "./linux-sanitizers.ts";
import { linuxWarningRules } from "./linux-warnings.ts";

/** The first rule that matches a line wins: what says more comes before what says less. */
export const builtinRules: readonly Rule[] = [
  ...linuxSanitizerRules,
  ...linuxLockRules,
  ...linuxHangRules,
  ...linuxWarningRules,
  ...bsdRules,
  ...linuxFaultRules,
  ...linuxArchRules,
  ...bootRules,
  ...initRules,
];
