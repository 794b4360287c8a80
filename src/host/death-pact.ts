import koffi from "koffi";

// prctl(2): PR_SET_PDEATHSIG is 1; the signal comes when the thread that made us ends.
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * Makes this process die with its parent, even by SIGKILL: a test worker must not outlive its run, or its VMs would
 * too. Does nothing where the kernel has no such thing; the next run's sweep ends what is left there.
 */
export function dieWithParent(): void {
  if (process.platform !== "linux") return;
  const parent = process.ppid;
  koffi.load("libc.so.6").func("int prctl(int option, unsigned long arg)")(PR_SET_PDEATHSIG, SIGKILL);
  // It may have died before we asked.
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}
