import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot, type Placement, resolveImage } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const folder = () => join(mkdtempSync(join(tmpdir(), "petri-killed-")), "trace");

function pidOf(traceDir: string): number {
  const [, pid = ""] = /"what":"spawned","pid":(\d+)/.exec(readFileSync(join(traceDir, "events.jsonl"), "utf8")) ?? [];
  return Number(pid);
}

/** Its own folder of sockets is in the VMM's command line. */
function runDirOf(traceDir: string): string | undefined {
  const plan = join(traceDir, "plan.json");
  return existsSync(plan) ? (JSON.parse(readFileSync(plan, "utf8")) as { control: string }).control : undefined;
}

function commandsWith(text: string | undefined): string[] {
  if (text === undefined) return [];
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
    } catch {
      return false;
    }
  });
}

// Booted by the library: the VM of a test would fail it.
const guestOn = async (vmm: Placement["vmm"], options: { traceDir: string; signal?: AbortSignal }) =>
  boot({
    ...{ image: await resolveImage("petri-guest", "kernel"), machine: { memory: { size: "64M" as const } } },
    ...{ placement: { vmm }, ...options },
  });

vmTest(
  "a VMM that is killed ends every wait at once, with the offset where the guest stopped",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ cell }) => {
    const vm = await guestOn(cell.vmm, { traceDir: folder() });
    await vm.guest.ready();
    // A guest that is gone proves no absence.
    const absence = vm.console().expectNot("never", { during: "60s" });
    const waits = [vm.console().expect("never"), absence, vm.power.find("reset"), vm.guest.echo("never")];
    // Its group: a double has QEMU beside it, which would answer once more before it follows.
    process.kill(-pidOf(vm.traceDir), "SIGKILL");
    for (const end of await Promise.allSettled(waits)) {
      expect(end).toMatchObject({ status: "rejected", reason: { name: "VmmError" } });
    }
    expect((await vm.crashed).message).toMatch(/was killed by SIGKILL/);
    expect(vm.power.events).toMatchObject([
      { kind: "vmm-error", offsets: { com1: readFileSync(join(vm.traceDir, "com1.log")).length } },
    ]);
    await expect(vm.reset()).rejects.toThrow("was killed by SIGKILL");
    await vm.quit();
  },
);

vmTest(
  "a boot that is called off at any moment rejects with the reason",
  { on: matrix({ boot: "kernel", image: "petri-guest" }), timeout: "60s" },
  async ({ cell }) => {
    for (const ms of [0, 10, 30, 50, 100]) {
      const traceDir = folder();
      const reason = new Error(`called off after ${ms} ms`);
      const off = new AbortController();
      setTimeout(() => off.abort(reason), ms);
      const end = await guestOn(cell.vmm, { traceDir, signal: off.signal }).catch((error) => error);
      if (end !== reason) await end.quit();
      expect(commandsWith(runDirOf(traceDir))).toEqual([]);
    }
  },
);
