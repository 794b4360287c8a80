import { describe, expect, test } from "vitest";
import { Oracle } from "./oracle.ts";

/** How kernels of different ages and machines word one problem, each with the stack of the same operation. */
const stack = ["Call Trace:", " dump_stack+0x94/0xd8", " demo_op+0x12/0x34", " do_syscall_64+0x5d/0x90"];

function told(line: string, rest = stack) {
  const oracle = new Oracle();
  const log = [line, ...rest].map((text) => `[   12.300000] ${text}`).join("\r\n");
  return [...oracle.push(Buffer.from(log)), ...oracle.end()].map(({ title, type }) => `${title} (${type})`);
}

describe.each([
  [
    "possible deadlock in demo_op (lockdep)",
    [
      "INFO: HARDIRQ-READ-safe -> HARDIRQ-READ-unsafe lock order detected",
      "[ INFO: RECLAIM_FS-safe -> RECLAIM_FS-unsafe lock order detected ]",
      "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
      "[ INFO: possible irq lock inversion dependency detected ]",
      "WARNING: possible recursive locking detected",
    ],
  ],
  [
    "BUG: hard lockup in demo_op (hang)",
    [
      "watchdog: CPU 3 self-detected hard LOCKUP @ demo_op+0x12/0x34",
      "watchdog: CPU 0 detected hard LOCKUP on other CPUs 1",
      "NMI watchdog: Watchdog detected hard LOCKUP on cpu 3",
    ],
  ],
  [
    "INFO: rcu detected stall in demo_op (hang)",
    [
      "INFO: rcu_sched detected stall on CPU 0 (t=26000 jiffies)",
      "INFO: rcu_bh self-detected stall on CPU { 0}",
      "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 0-... }",
      "rcu: INFO: rcu_tasks detected stalls on tasks:",
    ],
  ],
  [
    "BUG: unable to handle kernel paging request in demo_op (memory-safety-bug)",
    [
      "BUG: Unable to handle kernel data access on write at 0x5deadbeef0000100",
      "BUG: Unable to handle kernel instruction fetch",
      "BUG: Unable to handle unaligned access at 0xc000000000c00001",
      "Unable to handle kernel paging request for data at address 0x00000000",
      "CPU 0 Unable to handle kernel paging request at virtual address 00000000, epc == 80101234, ra == 80105678",
    ],
  ],
  [
    "general protection fault in demo_op (dos)",
    [
      "general protection fault: 0000 [#1] PREEMPT SMP KASAN",
      "general protection fault, maybe for address 0xffff888012345678: 0000 [#1] SMP NOPTI",
      "Oops: general protection fault, kernel NULL pointer dereference 0x0: 0000 [#1] SMP",
    ],
  ],
  [
    "WARNING in demo_op (warning)",
    [
      "WARNING: at fs/demo.c:12 demo_op+0x12/0x34()",
      "WARNING: CPU: 0 PID: 1 at fs/demo.c:12 demo_op+0x12/0x34 [demo]()",
      "WARNING: CPU: 0 PID: 1 at fs/demo.c:12",
      "WARNING: fs/demo.c:12 at demo_op+0x12/0x34, CPU#1: insmod/12",
    ],
  ],
  ["KASAN: use-after-free in demo_op (kasan-use-after-free-read)", ["BUG: KASan: use after free in demo_op+0x12/0x34"]],
  ["KASAN: out-of-bounds in demo_op (kasan-read)", ["BUG: KASan: out of bounds access in demo_op+0x12/0x34"]],
  ["BUG: corrupted list in demo_op (memory-safety-bug)", ["list_add double add: new=ffff8880, prev=ffff8880, next=0."]],
  ["Unhandled prefetch abort in demo_op (dos)", ["Unhandled prefetch abort: debug event (0x222) at 0x00000000"]],
  ["BUG: write-lock lockup in demo_op (lockdep)", ["BUG: write-lock lockup on CPU#0, insmod/12, 00000000397c6d92"]],
  [
    "kernel panic: Attempted to kill init! (dos)",
    ["Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"],
  ],
  ["SYZFATAL: no workers (syz-failure)", ["SYZFATAL: no workers"]],
  ["go runtime error (dos)", ["fatal error: morestack on g0", "SIGBUS: bus error"]],
] as const)("%s", (title, lines) => {
  test.each(lines)("%s", (line) => expect(told(line)).toEqual([title]));
});

test("what a kernel calls a BUG is one without a stack, where the kernel says it", () => {
  const line = "BUG: non-zero pgtables_bytes on freeing mm: 4096";
  expect(told(line, [])).toEqual(["BUG: non-zero pgtables_bytes on freeing mm: NUM (bug)"]);
  expect([...new Oracle().push(Buffer.from(`${line}\n`))]).toEqual([]);
});

describe("the function that a problem is called by is none of those that", () => {
  test.each([
    ["notice it", ["__traceiter_sys_enter", "trace_event_raw_event_demo", "stack_depot_save", "dump_page"]],
    [
      "hand out memory",
      ["new_slab", "allocate_slab", "cache_alloc_refill", "__folio_alloc", "pcpu_alloc", "devm_kmalloc"],
    ],
    ["copy it", ["__clear_user", "copy_user_generic", "rep_movs_alternative", "copy_page_to_iter", "csum_partial"]],
    ["format it", ["ip6_addr_string", "mac_address_string", "dentry_name", "vsnprintf"]],
    ["keep it in order", ["percpu_ref_put_many", "find_next_bit", "bitmap_weight", "xas_load", "mas_find", "rb_erase"]],
  ])("%s", (_, names) => {
    const frames = names.map((name) => ` ${name}.constprop.0+0x1/0x2`);
    expect(
      told("BUG: KASAN: use-after-free in x+0x1/0x2", ["Call Trace:", ...frames, " demo_op.cold+0x1/0x2"]),
    ).toEqual(["KASAN: use-after-free in demo_op (kasan-unknown)"]);
  });
});

test.each([
  ["panic: uvm_fault failed: ffffff8000412345 esr 96000004 far 0000000000000018", "uvm_fault: demo"],
  [
    "panic: MSan: Uninitialized UMA memory in copyout():demo, offset 0",
    "panic: MSan: Uninitialized UMA memory in demo",
  ],
  [
    "panic: mutex demo not owned at /home/build/src/sys/kern/kern_demo.c:123",
    "panic: mutex demo not owned at sys/kern/kern_demo.c:LINE",
  ],
  ["# panic: mtx 0xffff800012345678: locking against myself", "panic: mtx ADDR: locking against myself"],
  ["fatal protection fault in supervisor mode", "protection fault in demo"],
  ["kernel: integer divide fault trap, code=0", "integer divide fault: demo"],
])("the BSDs say %s", (line, title) => {
  const oracle = new Oracle();
  const log = [line, "panic() at panic+0x15c", "demo(1,2) at demo+0x12", "syscall() at syscall+0x4"].join("\n");
  expect([...oracle.push(Buffer.from(log)), ...oracle.end()].map((finding) => finding.title)).toEqual([title]);
});
