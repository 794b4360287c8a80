import { expect, test } from "vitest";
import { requiredWords } from "./required-words.ts";

test.each([
  [/Kernel panic - not syncing: (?<text>.*)/, ["Kernel panic - not syncing: "]],
  [/(?:int3|Oops): [0-9a-f]{4} \[#\d+\]/, ["int3: ", "Oops: "]],
  [/^BUG: (?!KASAN)\S+ in/, ["BUG: "]],
  [/[Uu]nable to handle/, ["nable to handle"]],
  [/(?:WARNING|INFO): suspicious RCU usage/, ["WARNING: suspicious RCU usage", "INFO: suspicious RCU usage"]],
  [/colou?rs? are (?:red|blue)\b/, [" are red", " are blue"]],
  [/lo+ng-word( or not)? at \d+/, ["ng-word"]],
  [/(?:abc|\d+)? then (?:x{2}|yes it is)/, [" then "]],
  [/a long text|another one|\d+ more/, ["a long text", "another one", " more"]],
  [/(?:one|two|\w+)/, undefined],
  [/(?<=before )it is/, ["it is"]],
  [/Kernel Panic/i, undefined],
  [/ok/, ["ok"]],
  [/k/, undefined],
  [/list\.c:\d+/, ["list.c:"]],
])("any match of %s holds one of %j", (regex, words) => {
  expect(requiredWords(regex)).toEqual(words);
});
