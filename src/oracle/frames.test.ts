import { expect, test } from "vitest";
import { Oracle } from "./oracle.ts";

const titlesIn = (log: string) => {
  const oracle = new Oracle();
  return [...oracle.push(Buffer.from(`${log}\n`)), ...oracle.end()].map(({ title }) => title);
};

/** Excerpts of what Debian's kernel 6.1 printed in the image debian-crash. */
const debugfsWrite = [
  "[    6.712311]  direct_write+0x9b/0xdd [petri_crash]",
  "[    6.712565]  full_proxy_write+0x53/0x80",
  "[    6.712729]  vfs_write+0xc7/0x3f0",
  "[    6.712826]  ksys_write+0x6b/0xf0",
  "[    6.712955]  do_syscall_64+0x5d/0x90",
  "[    6.713731]  entry_SYSCALL_64_after_hwframe+0x6e/0xd8",
  "[    6.719837]  </TASK>",
];

test("a lockup in a debugfs file is that file's, not debugfs'", () => {
  const log = [
    "[    6.695996] watchdog: BUG: soft lockup - CPU#0 stuck for 3s! [crash:92]",
    "[    6.697488] RIP: 0010:crash_softlockup+0xe/0x10 [petri_crash]",
    "[    6.711613] Call Trace:",
    "[    6.712122]  <TASK>",
    ...debugfsWrite,
  ];
  expect(titlesIn(log.join("\n"))).toEqual(["BUG: soft lockup in direct_write"]);
});

const starved = [
  "[    9.120087] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
  "[    9.124687] rcu: \tUnless rcu_preempt kthread gets sufficient CPU time, OOM is now expected behavior.",
  "[    9.124910] rcu: RCU grace-period kthread stack dump:",
  "[    9.125106] task:rcu_preempt     state:R  running task     stack:0     pid:15    ppid:2      flags:0x00004000",
  "[    9.134561] Call Trace:",
  "[    9.134899]  <TASK>",
  "[    9.135080]  __schedule+0x34d/0xa00",
  "[    9.135741]  schedule+0x5a/0xd0",
  "[    9.142346]  schedule_timeout+0x94/0x150",
  "[    9.142702]  rcu_gp_fqs_loop+0x141/0x560",
  "[    9.142806]  rcu_gp_kthread+0xd8/0x1b0",
  "[    9.142899]  kthread+0xda/0x100",
  "[    9.149838]  </TASK>",
];

test("an RCU stall is the stalled task's, not the kernel thread's that waits for it", () => {
  const culprit = [
    "[    9.150018] rcu: Stack dump where RCU GP kthread last ran:",
    "[    9.160983] RIP: 0010:crash_rcu_stall+0xc/0x10 [petri_crash]",
    "[    9.225676] Call Trace:",
    "[    9.230751]  <TASK>",
    ...debugfsWrite,
  ];
  expect(titlesIn([...starved, ...culprit].join("\n"))).toEqual(["INFO: rcu detected stall in direct_write"]);
});

test("a stall whose report ends with the waiting thread has no culprit yet", () => {
  expect(titlesIn(starved.join("\n"))).toEqual(["INFO: rcu detected stall in corrupted"]);
});
