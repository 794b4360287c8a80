import type { FrameSource } from "./rule.ts";
import { isInfrastructure } from "./skipped-frames.ts";
import { isTrap } from "./trap-frames.ts";

const name = String.raw`([A-Za-z_][\w.$]{0,120}|<[\w.$:<> ]{1,160})`;
const offset = String.raw`\+0x[0-9a-f]{1,8}(?:\/0x[0-9a-f]{1,8})?`;
// x86 before 4.10 and ARM: "[<ffffffff81463cb5>] "; POWER: "[c000000049a87530] [c000000001385b4c] ".
const address = String.raw`(?:\[<[^>]{1,24}>\]\s{0,4}|(?:\[[0-9a-f]{8,16}\] ){1,2})?`;

/** One frame of a stack trace. `? foo+0x…` is a guess of the unwinder and not among them. */
const framePatterns = [
  new RegExp(String.raw`^\s{0,12}(?:#\d+:?\s+)?(?:0x[0-9a-f]+ at )?\(?${address}\(?${name}${offset}`),
  // Symbolised: " foo fs/open.c:12 [inline]".
  /^\s{1,4}([A-Za-z_]\w{0,100}) [\w./+-]{1,200}\.(?:[chS]|rs):\d+(?: \[inline\])?\s*$/,
  // 32-bit ARM: "[<c010d5f4>] (dump_backtrace) from [<c010d8b8>] (show_stack+0x18/0x1c)".
  /^\s{0,4}\[<[0-9a-f]+>\] \(([\w.]+)(?:\+0x[^)]*)?\) from/,
  /^\s{0,4}([\w.]+) from [\w.]+\+0x/,
  // The BSDs: "foo(a,b) at netbsd:foo+0x12", "foo() at foo+0x12/frame 0x…".
  /^\s{0,4}[\w.]{1,100}\([^)]{0,300}\) at (?:netbsd:)?([A-Za-z_][\w.]{0,100})(?:\+0x[0-9a-f]+|$|\s)/,
];
const programCounter = [
  new RegExp(
    String.raw`^\s{0,4}(?:RIP|EIP): (?:[0-9a-f]{4}:)?(?:\[<[^>]{1,24}>\]\s{0,4}){0,2}\[?(?:<[0-9a-f]+>\])?\s{0,4}${name}(?:${offset}| [\w./+-]+\.[chS]:\d)`,
  ),
  new RegExp(String.raw`^\s{0,4}(?:pc :|(?:PC|EIP) is at|epc :|IP:) ?${address}${name}${offset}`),
  // MIPS: "epc   : 80123456 foo+0x12/0x34"; LoongArch: "   ERA: 9000000000212345 foo+0x12/0x34".
  new RegExp(String.raw`^\s{0,4}(?:epc {1,4}:|ERA:) [0-9a-f]{8,16} ${name}${offset}`),
  // S/390: "Krnl PSW : 0704c00180000000 0000000000123456 (foo+0x12/0x34)"; SPARC: "TPC: <foo+0x12/0x34>".
  new RegExp(String.raw`^(?:Krnl PSW : [0-9a-f]{16} [0-9a-f]{16} \(|TPC: <)${name}${offset}`),
  new RegExp(String.raw`^\s{0,4}NIP \[[0-9a-f]+\] ${name}${offset}`),
  new RegExp(String.raw`^Stopped (?:in pid .{1,60} )?at\s+(?:netbsd:)?${name}${offset}`),
];
const traceHeader =
  /Call [Tt]race:|^\s*backtrace|[Bb]acktrace for|stack backtrace|^Backtrace:|^KDB: stack|Begin traceback|Starting stack trace|^--- trap |page last allocated via/;
/** Whoever waits for the grace period, not what it waits for (kernel/rcu/tree_stall.h): its trace comes right after. */
const waiterHeader = /grace-period kthread stack dump:/;
const endOfStack = /^\s*(?:RIP: 00[23]|<\/TASK>|={10,}|-{10,}|Allocated by|Freed by|Memory state|The buggy address)/;
const lockAt = /\bat:\s+(?:\[<[^>]{1,24}>\]\s{0,8}){0,2}([\w.]{1,100})(?:\+0x|\s|$)/;

/** The stack that shows why a lock must be safe against interrupts (kernel/locking/lockdep.c). */
const becameSafe = /which became \w+(?:-\w+)?-irq-safe at:/;

/**
 * Where generic code hands over to an operation of its own: the frame inside it tells what a stuck CPU was busy with,
 * while the innermost one is wherever the interrupt fell.
 */
const dispatcher = new RegExp(
  `^(?:${[
    "do_(?:fast_)?syscall_\\w+",
    "entry_\\w+",
    "ret_fast_syscall",
    "invoke_syscall",
    "el0_svc\\w*",
    "process_one_work",
    "call_timer_fn",
    "_*run_timers?",
    "_*run_hrtimer",
    "_*hrtimer_run_queues",
    "tasklet_action\\w*",
    "_*do_softirq\\w*",
    "handle_softirqs",
    "rtnetlink_rcv_msg",
    "nfnetlink_rcv_msg",
    "genl_\\w*dumpit",
    "genl_rcv_doit",
    "netlink_dump",
    "sysenter_dispatch",
    "tracesys\\w*",
    "stub_\\w+",
    "kernel_init\\w*",
    "run_ksoftirqd",
    "kthread",
    "ret_from_fork\\w*",
    "smpboot_thread_fn",
    "_*netif_receive_skb\\w*",
    "x64_sys_call",
    "task_work_run",
    "rcu_do_batch",
    "worker_thread",
  ].join("|")})$`,
);
/** System calls that can do anything, and the plumbing under them: the operation is what they call. */
const entryWrapper = new RegExp(
  `^(?:${[
    "(?:_*(?:x64|ia32|arm64|se|do|compat|s390x?|riscv)(?:_compat)?_sys|__do_compat_sys|__se_compat_sys|SyS|SYSC|[sS]y[sS]|ksys|_*sys|compat_SyS|C_SYSC)_(?:ioctl|open|openat|p?readv?(?:64)?|p?writev?(?:64)?|sendmm?sg|sendto|send|recvm?msg|recvfrom|[gs]etsockopt|close|mount|fsmount|connect|bind|accept4?|mmap\\w*|socketcall|sendfile(?:64)?|splice)",
    "_*vfs_(?:ioctl|open|read|write|iter_\\w+|get_tree)",
    "do_vfs_ioctl",
    "do_sys_open\\w*",
    "do_filp_open",
    "path_openat",
    "do_(?:readv|writev|preadv|pwritev|iter_\\w+|loop_readv\\w*|dentry_open|last|open|o_path|mount|new_mount\\w*|splice\\w*|sendfile)",
    "path_mount",
    "new_sync_\\w+",
    "call_(?:write|read)_iter",
    "sock_(?:send|recv)msg\\w*",
    "sock_(?:write|read)_iter",
    "_*sock_\\w*msg\\w*",
    "_{1,4}sys_\\w+msg\\w*",
    "sock_(?:do_)?ioctl",
    "sock_(?:common_)?setsockopt",
    "full_proxy_\\w+",
    "\\w+_compat_ioctl",
    "(?:compat_)?blkdev_\\w*ioctl\\w*",
    "proc_reg_\\w+",
    "do_sock_setsockopt",
    "_*compat_sys_\\w+",
  ].join("|")})$`,
);
const waits = /^(?:_*schedule|sched_show_task|rcu_exp_\w+)$/;
const softirq = /^(?:_*do_softirq\w*|handle_softirqs|net_rx_action|_*netif_receive_skb\w*|tasklet_action\w*)$/;
const systemCallEntry =
  /^(?:do_(?:fast_)?syscall_\w+|entry_\w+|el0_svc\w*|ret_fast_syscall|invoke_syscall|stub_\w+|sysenter_\w+|tracesys\w*|system_call\w*)$/;
const interruptFrame =
  /^(?:\w*apic_timer\w*|asm_\w+|(?:\w+_)?interrupt\w*|sysvec\w*|tick_\w+|hrtimer_\w+|_*hrtimer_\w+|update_process_times|rcu_\w+|check_cpu_stall|scheduler_tick)/;

const suffix = /\.(?:isra|constprop|part|cold|llvm|lto_priv|clone)(?:\.\d+)*|\.\d+$/g;
const syscallName =
  /^(?:__(?:x64|ia32|arm64|s390x?|riscv|se|do|arm)_(?:compat_)?sys_|__do_compat_sys_|__se_compat_sys_|SyS_|SYSC_|compat_SyS_|C_SYSC_|ksys_)/;

/** Variants of one function, between which nobody would tell two problems apart. */
const aliases: readonly (readonly [RegExp, string])[] = [
  [/^_*synchronize_s?rcu(?:_\w+)?$/, "synchronize_rcu"],
  [/^smp_call_function\w*$/, "smp_call_function"],
];

/** The function as its source names it: without the compiler's suffix or a system call's wrapper. */
export function sourceName(symbol: string): string {
  const name = symbol.trim().replace(suffix, "").replace(syscallName, "sys_");
  return aliases.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}

function frameOf(line: string): string | undefined {
  for (const pattern of framePatterns) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return found.trim().replace(suffix, "");
  }
  return undefined;
}

function programCounterOf(line: string): string | undefined {
  for (const pattern of programCounter) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return found.trim().replace(suffix, "");
  }
  return undefined;
}

/** True where a line shows that the report has a stack or registers. */
export function isTraceLine(line: string): boolean {
  return traceHeader.test(line) || programCounterOf(line) !== undefined || frameOf(line) !== undefined;
}

/** The stack's frames, innermost first, from the first trace's header on. */
function stackOf(lines: readonly string[]): string[] {
  const isWaiters = (at: number) => lines.slice(Math.max(0, at - 3), at).some((line) => waiterHeader.test(line));
  const headers = lines.flatMap((line, at) => (traceHeader.test(line) ? [at] : []));
  const header = headers.find((at) => !isWaiters(at)) ?? -1;
  if (header < 0 && headers.length > 0) return [];
  const frames: string[] = [];
  for (const line of lines.slice(header < 0 ? 1 : header + 1)) {
    // Registers inside of a stack are those of the code that was interrupted: its innermost frame.
    const frame = frameOf(line) ?? (frames.length > 0 ? programCounterOf(line) : undefined);
    if (frame !== undefined) frames.push(frame);
    else if (frames.length > 0 && endOfStack.test(line)) break;
  }
  return frames;
}

/** Fault injection prints a stack of its own (lib/fault-inject.c), which another CPU's report can end up with. */
const foreignFrame = /^_*should_fail\w*$/;

/** True where a report shows the stack or the registers of what it is about. */
export function hasOwnStack(lines: readonly string[]): boolean {
  const stack = stackOf(lines);
  const told = stack.findIndex((frame) => !isInfrastructure(frame) || isTrap(frame) || foreignFrame.test(frame));
  if (told >= 0) return !foreignFrame.test(stack[told] ?? "");
  return lines.slice(1).some((line) => programCounterOf(line) !== undefined);
}

/** The function for a report's title, or undefined when the report does not tell. */
export function chooseFrame(
  source: FrameSource,
  { lines, fromLine, skip }: { lines: readonly string[]; fromLine: string | undefined; skip: RegExp | undefined },
): string | undefined {
  const wanted = (frame: string | undefined): frame is string =>
    frame !== undefined && !isInfrastructure(frame) && skip?.test(frame) !== true;
  switch (source) {
    case "line":
      return [fromLine?.replace(suffix, "")].find(wanted);
    case "pc":
      return lines
        .map(programCounterOf)
        .filter((frame) => frame !== undefined)
        .slice(0, 1)
        .find(wanted);
    case "stack":
      return stackOf(lines).find(wanted);
    case "trap":
      return stackOf(lines).find((frame) => isTrap(frame) && skip?.test(frame) !== true);
    case "lock":
      return lines.map(lockPlaceOf).find(wanted);
    case "irq-safe":
      return lines
        .slice(lines.findIndex((line) => becameSafe.test(line)) + 1)
        .map(frameOf)
        .find(wanted);
    case "entry":
      return entryOf(stackOf(lines), wanted);
  }
}

/** Where a lock was taken: lockdep names it by the lock, and by the stacks of whoever took it before. */
function lockPlaceOf(line: string): string | undefined {
  return lockAt.exec(line)?.[1]?.replace(suffix, "") ?? frameOf(line);
}

function entryOf(stack: readonly string[], wanted: (frame: string | undefined) => frame is string): string | undefined {
  // A task that waits, or was preempted, is not what keeps a CPU.
  if (waits.test(stack[0] ?? "") && !stack.some((frame) => interruptFrame.test(frame))) return undefined;
  const afterInterrupt = stack.findIndex((frame) =>
    /apic_timer|asm_sysvec|asm_common_interrupt|el1_irq|gic_handle_irq/.test(frame),
  );
  const waitsForOthers = stack.find((frame) => frame.startsWith("smp_call_function"));
  if (waitsForOthers !== undefined) return waitsForOthers;
  const interrupted = stack.slice(afterInterrupt + 1);
  // What an interrupt left to do is the problem's if it took the CPU from a kernel thread, or from none.
  const isInSoftirq =
    stack.slice(0, Math.max(0, afterInterrupt)).some((frame) => softirq.test(frame)) &&
    !interrupted.some((frame) => systemCallEntry.test(frame));
  const work = isInSoftirq ? stack : interrupted;
  const handover = work.findIndex((frame) => dispatcher.test(frame));
  const operation = (handover < 0 ? work : work.slice(0, handover)).filter((frame) => !interruptFrame.test(frame));
  return (
    operation.findLast((frame) => wanted(frame) && !entryWrapper.test(frame)) ?? operation.at(-1) ?? work.find(wanted)
  );
}
