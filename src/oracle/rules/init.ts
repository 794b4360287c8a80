import type { Rule } from "../rule.ts";

/** The programs that bring a system up, and what they fall back to. */
export const initRules: readonly Rule[] = [
  {
    id: "initramfs-shell",
    os: "init",
    type: "emergency",
    isFinal: true,
    isPrompt: true,
    // initramfs-tools, dracut, mkinitcpio, Alpine.
    start:
      /^\(initramfs\) ?|^(?:ALERT!|Gave up waiting for root).{0,120}|Dropping to (?:a|debug) ?shell|Entering emergency mode\. Exit the shell|^(?:dracut|switch_root):\S{0,20}# ?|^\[rootfs [^\]]{0,20}\]# ?|You are (?:now )?being dropped into an emergency shell|emergency recovery shell launched/,
    title: "initramfs emergency shell",
    example: "(initramfs) ",
  },
  {
    id: "initramfs-gave-up",
    os: "init",
    type: "emergency",
    isFinal: true,
    // initramfs-tools with panic= on the kernel's command line: no prompt, and the machine is reset or halted.
    start: /^(?:Rebooting|Halting) automatically due to panic= boot argument/,
    title: "initramfs gave up",
    oneLine: true,
    example: "Rebooting automatically due to panic= boot argument",
  },
  {
    id: "systemd-emergency",
    os: "init",
    type: "emergency",
    isFinal: true,
    isPrompt: true,
    start:
      /You are in (?:emergency|rescue) mode\.|Welcome to (?:emergency|rescue) mode!|^(?:Give root password for (?:maintenance|system maintenance)|Press Enter for (?:system )?maintenance)|Cannot open access to console, the root account is locked/,
    title: "systemd emergency mode",
    example: 'You are in emergency mode. After logging in, type "journalctl -xb" to view system logs.',
  },
  {
    id: "systemd-frozen",
    os: "init",
    type: "emergency",
    isFinal: true,
    start: /systemd\[1\]: (?:Freezing execution|Caught <\w+>)|^\[!!!!!!\] .{0,120}(?:freezing|Freezing)/,
    title: "systemd froze",
    example: "systemd[1]: Freezing execution.",
  },
  {
    id: "bsd-single-user",
    os: "init",
    type: "emergency",
    isFinal: true,
    isPrompt: true,
    // init(8) when /etc/rc fails.
    start: /^Enter (?:full )?pathname of shell or RETURN for \S+:/,
    title: "single-user shell",
    example: "Enter full pathname of shell or RETURN for /bin/sh: ",
  },
  {
    id: "syzkaller-executor",
    os: "init",
    type: "syz-failure",
    start: /^(?<kind>SYZFAIL|SYZFATAL): (?<text>.{1,100})/,
    title: "{kind}: {text}",
    example: "SYZFAIL: mmap of data segment failed",
  },
  {
    id: "go-runtime",
    os: "init",
    type: "dos",
    start:
      /^(?:fatal error: (?:out of memory|all goroutines|unexpected signal|concurrent map|stack overflow|runtime|morestack on g|found bad pointer in Go heap|stopTheWorld|schedule: holding locks|systemstack called|sweep increased|casgstatus|checkdead|sync: ).*|panic: runtime error: .*|runtime: out of memory.*|SIGSEGV: segmentation violation|SIGBUS: bus error)/,
    title: "go runtime error",
    example: "panic: runtime error: invalid memory address or nil pointer dereference",
  },
];
