import { expect, test } from "vitest";
import { haltedForGood } from "./facets.ts";

const cpu = (rfl: string, halted: 0 | 1) =>
  `\r\nCPU#0\r\nRAX=00 RBX=01\r\nRIP=ffffffff8103fc9b RFL=${rfl} [--S-A--] CPL=0 II=0 A20=1 SMM=0 HLT=${halted}\r\nES =0000\r\n`;

test.each([
  ["a kernel that stopped", cpu("00000092", 1), true],
  ["an idle one, which an interrupt wakes", cpu("00000292", 1), false],
  ["one that computes with interrupts off", cpu("00000092", 0), false],
  ["two stopped vCPUs", cpu("00000092", 1) + cpu("00000046", 1), true],
  ["one of two", cpu("00000092", 1) + cpu("00000246", 1), false],
  ["real mode", "EIP=0000e05b EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1", true],
  ["no register at all", "", false],
])("%s is halted for good or not", (_, registers, isHalted) => {
  expect(haltedForGood(registers)).toBe(isHalted);
});
