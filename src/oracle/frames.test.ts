import { describe, expect, test } from "vitest";
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

const warning = "[   12.000000] WARNING: CPU: 0 PID: 231 at fs/demo.c:117 demo_release+0x18/0x20";
const trace = (...frames: string[]) => [
  "[   12.000200] Call Trace:",
  ...frames.map((frame) => `[   12.0003]  ${frame}`),
];

test("a warning whose stack never came is cut off, whatever its first line names", () => {
  expect(titlesIn(warning)).toEqual(["WARNING in corrupted"]);
  expect(titlesIn([warning, ...trace()].join("\n"))).toEqual(["WARNING in corrupted"]);
  expect(titlesIn([warning, ...trace("__warn+0x1/0x2", "demo_close+0x1/0x2")].join("\n"))).toEqual([
    "WARNING in demo_release",
  ]);
});

test("a warning that another CPU's fault injection spoke over has not its own stack", () => {
  const injected = trace("dump_stack+0x1/0x2", "should_fail.cold+0x1/0x2", "demo_ioctl+0x1/0x2");
  expect(titlesIn([warning, ...injected].join("\n"))).toEqual(["WARNING in corrupted"]);
});

test.each([
  ["MIPS", "epc   : ffffffff80412345 demo_op+0x12/0x34"],
  ["LoongArch", "   ERA: 9000000000212345 demo_op+0x12/0x34"],
  ["S/390", "Krnl PSW : 0704c00180000000 0000000000123456 (demo_op+0x12/0x34)"],
  ["SPARC", "TPC: <demo_op+0x12/0x34>"],
  ["x86 before 3.0", "EIP is at demo_op+0x12/0x34"],
  ["RISC-V", "epc : demo_op+0x12/0x34"],
])("the program counter is read on %s", (_, line) => {
  const oops = "Unable to handle kernel paging request at virtual address 00000000000000f0";
  expect(titlesIn(`${oops}\n${line}\n`)).toEqual(["BUG: unable to handle kernel paging request in demo_op"]);
});

test("FreeBSD's traps and OpenBSD's locks are told by what their stacks show", () => {
  const trap = "Fatal trap 12: page fault while in kernel mode";
  const ddb = ["KDB: stack backtrace:", "trap() at trap+0x1/frame 0xfffffe00", "demo() at demo+0x1/frame 0xfffffe01"];
  expect(titlesIn([trap, ...ddb].join("\n"))).toEqual(["Fatal trap NUM: page fault in demo"]);
  const held = "witness: userret: returning with the following locks held:";
  expect(titlesIn(held)).toEqual([held]);
  expect(titlesIn(`${held}\n#0  witness_lock+0x1\n#1  demo+0x4\n#2  sys_fchmod+0x2`)).toEqual([
    "witness: userret: fchmod",
  ]);
});

const lockdep = (message: string, ...lines: string[]) =>
  [message, "demo/9 is trying to acquire lock:", ...lines].join("\n");

test("a lock that generic code was taking is called by the next place that lockdep names", () => {
  const taken = "ffff8880 (&demo->lock){+.+.}-{3:3}, at: demo_lock+0x1/0x2";
  const circular = "WARNING: possible circular locking dependency detected";
  expect(titlesIn(lockdep(circular, taken))).toEqual(["possible deadlock in demo_lock"]);
  const generic = "ffff8880 (&demo->lock){+.+.}-{3:3}, at: mutex_lock_nested+0x1/0x2";
  expect(titlesIn(lockdep(circular, generic, "-> #1 (&b){+.+.}:", " lock_acquire+0x1/0x2", " demo_b+0x1/0x2"))).toEqual(
    ["possible deadlock in demo_b"],
  );
});

test("an order that interrupts forbid is called by who takes the lock in an interrupt", () => {
  const log = lockdep(
    "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
    "ffff8880 (&demo->lock){+.+.}-{3:3}, at: demo_process+0x1/0x2",
    "... which became SOFTIRQ-irq-safe at:",
    "  lock_acquire+0x1/0x2",
    "  _raw_spin_lock+0x1/0x2",
    "  demo_timer+0x1/0x2",
  );
  expect(titlesIn(log)).toEqual(["possible deadlock in demo_timer"]);
});

describe("a lockup in what an interrupt left to do", () => {
  const lockup = "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [ksoftirqd/0:9]\nCall trace:";
  const inSoftirq = [
    " demo_xmit+0x1/0x2",
    " demo_rcv+0x1/0x2",
    " __netif_receive_skb_core+0x1/0x2",
    " net_rx_action+0x1/0x2",
  ];
  const interrupt = [" gic_handle_irq+0x1/0x2", " el1_irq+0x1/0x2"];
  test("is its own if a kernel thread was interrupted", () => {
    expect(titlesIn([lockup, ...inSoftirq, ...interrupt, " smpboot_thread_fn+0x1/0x2"].join("\n"))).toEqual([
      "BUG: soft lockup in demo_rcv",
    ]);
  });
  test("is the system call's if one was", () => {
    const call = [" demo_write+0x1/0x2", " ksys_write+0x1/0x2", " invoke_syscall+0x1/0x2"];
    expect(titlesIn([lockup, ...inSoftirq, ...interrupt, ...call].join("\n"))).toEqual([
      "BUG: soft lockup in demo_write",
    ]);
  });
});

test("the code that an interrupt stopped is a frame though only its registers name it", () => {
  const stall = [
    "rcu: INFO: rcu_sched self-detected stall on CPU",
    "Call Trace:",
    " <IRQ>",
    " dump_stack+0x1/0x2",
    " apic_timer_interrupt+0x1/0x2",
    " </IRQ>",
    "RIP: 0010:demo_ioctl+0x1/0x2",
    " demo_compat_ioctl+0x1/0x2",
    " __ia32_compat_sys_ioctl+0x1/0x2",
    " do_fast_syscall_32+0x1/0x2",
  ];
  expect(titlesIn(stall.join("\n"))).toEqual(["INFO: rcu detected stall in demo_ioctl"]);
});

test("a report that was cut off is called by what it says itself", () => {
  expect(titlesIn("WARNING: possible recursive locking detected\n6.1.0 Not tainted")).toEqual([
    "WARNING: possible recursive locking detected",
  ]);
  expect(titlesIn("BUG: KASAN: slab-out-of-bounds in memcpy+0x9/0xb at addr ffff8800bb08e540")).toEqual([
    "KASAN: slab-out-of-bounds in memcpy at addr ADDR",
  ]);
});

test("a problem of the code that takes exceptions is called by it", () => {
  const log = [
    "BUG: using smp_processor_id() in preemptible [00000000] code: demo/9",
    ...trace("dump_stack+0x1/0x2", "do_trap+0x1/0x2", "do_syscall_64+0x1/0x2"),
  ];
  expect(titlesIn(log.join("\n"))).toEqual(["BUG: using smp_processor_id() in preemptible code in do_trap"]);
});

test("a task that was preempted is not what stalls a CPU", () => {
  const preempted = trace(
    "__schedule+0x1/0x2",
    "preempt_schedule+0x1/0x2",
    "demo_walk+0x1/0x2",
    "do_syscall_64+0x1/0x2",
  );
  expect(titlesIn(["rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", ...preempted].join("\n"))).toEqual([
    "INFO: rcu detected stall in corrupted",
  ]);
});
