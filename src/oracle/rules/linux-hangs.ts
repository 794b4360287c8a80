import type { Rule } from "../rule.ts";

/** What the watchdogs print: kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h, kernel/workqueue.c. */
export const linuxHangRules: readonly Rule[] = [
  {
    id: "linux-soft-lockup",
    os: "linux",
    type: "hang",
    start: /BUG: soft lockup\b/,
    title: "BUG: soft lockup in {frame}",
    frames: ["entry", "pc"],
    example: "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [insmod:231]",
  },
  {
    id: "linux-hard-lockup",
    os: "linux",
    type: "hang",
    start:
      /[Ww]atchdog detected hard LOCKUP|watchdog: CPU \d+ (?:self-)?detected hard LOCKUP|NMI watchdog: BUG: hard lockup/,
    title: "BUG: hard lockup in {frame}",
    frames: ["entry", "pc"],
    example: "NMI watchdog: Watchdog detected hard LOCKUP on cpu 3",
  },
  {
    id: "linux-rcu-stall",
    os: "linux",
    type: "hang",
    start:
      /(?:INFO: |rcu: INFO: )(?:rcu_\w+|rcu_?tasks\w*) (?:self-)?detected (?:expedited )?stalls?\b|rcu: INFO: .*detected stall/,
    title: "INFO: rcu detected stall in {frame}",
    frames: ["entry", "pc"],
    example: "rcu: INFO: rcu_sched self-detected stall on CPU",
  },
  {
    id: "linux-hung-task",
    os: "linux",
    type: "hang",
    start: /INFO: task .{1,80} (?:blocked|can't die) (?:in I\/O wait )?for more than \d+ seconds/,
    title: "INFO: task hung in {frame}",
    frames: ["stack"],
    skip: /^(?:_*wait_\w+|do_coredump_wait|inode_lock\w*|lock_mount\w*|d_alloc_parallel|_*rq_qos_wait|blk_mq_freeze_\w+|__fdget_pos|fdget_pos|super_lock\w*|autoremove_\w+|exp_funnel_lock|kthread_stop\w*|hrtimer_\w+|do_nanosleep|_*closure_\w+|do_raw\w*|_*bio_wait|sleep_on_\w+|lock_(?:page|folio|buffer)\w*|flush_\w+|_*flush_\w+|ptrace_stop)$/,
    example: "INFO: task kworker/0:1:23 blocked for more than 120 seconds.",
  },
  {
    id: "linux-workqueue-lockup",
    os: "linux",
    type: "hang",
    start: /BUG: workqueue lockup/,
    title: "BUG: workqueue lockup",
    example: "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!",
  },
  {
    id: "linux-netdevice-held",
    os: "linux",
    type: "unknown",
    start: /unregister_netdevice: waiting for \S+ to become free/,
    follows: "always",
    title: "unregister_netdevice: waiting for DEV to become free",
    example: "unregister_netdevice: waiting for eth0 to become free. Usage count = 2",
  },
];
