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

test("flags that are set for a part of it make that part require nothing", () => {
  // Node 20 does not know the syntax yet.
  const regex = { source: "(?i:out of memory): killed|(?i:oom)", flags: "", ignoreCase: false } as RegExp;
  expect(requiredWords(regex)).toBeUndefined();
  expect(requiredWords({ ...regex, source: "(?i-s:out of memory): killed" } as RegExp)).toEqual([": killed"]);
});
