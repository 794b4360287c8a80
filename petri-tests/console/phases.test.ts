import { guestClocks, readTrace } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const phasesOf = {
  kernel: ["ready"],
  pcat: ["firmware", "ready"],
  uefi: ["firmware", "loader", "ready"],
} as const;

vmTest(
  "petri-guest is ready after the phases of its firmware",
  { on: matrix({ image: "petri-guest" }) },
  async ({ vm, cell }) => {
    await expect(vm).toReach("ready");
    expect(vm.phases.map(({ phase }) => phase)).toEqual(phasesOf[cell.boot]);
    expect(vm.phase).toBe("ready");
    const times = vm.phases.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const ready = vm.phases.at(-1);
    expect(ready).toMatchObject({ console: "com1", boot: 1 });
    expect(vm.console().text({ start: ready?.offset ?? 0 })).toMatch(/^petri-guest ready/);
  },
);

vmTest(
  "each boot has its own phases",
  { on: matrix({ boot: ["kernel", "pcat"], image: "petri-guest" }) },
  async ({ vm, guest, cell }) => {
    await guest.ready();
    await guest.reset();
    const reset = await vm.power.next("reset");
    await expect(vm).toReach("ready", { within: "15s" });
    await vm.reset();
    await expect(vm).toReach("ready", { within: "15s" });
    const of = (boot: number) => vm.phases.filter((record) => record.boot === boot).map(({ phase }) => phase);
    for (const boot of [1, 2, 3]) expect(of(boot)).toEqual(phasesOf[cell.boot as "kernel" | "pcat"]);
    const second = vm.phases.find(({ boot }) => boot === 2);
    expect(second?.at).toBeGreaterThanOrEqual(reset.at);
  },
);

const linux = {
  kernel: ["kernel", "init", "ready"],
  pcat: ["firmware", "kernel", "init", "ready"],
  uefi: ["firmware", "loader", "kernel", "init", "ready"],
} as const;

vmTest(
  "Linux boots in phases",
  { on: matrix({ vmm: "qemu", boot: ["kernel", "pcat", "uefi"], image: "debian-cloud" }) },
  async ({ vm, cell }) => {
    const kernel = await vm.reach("kernel", { within: "60s" });
    expect(kernel.evidence).toMatch(/Linux version 6\.|EFI stub/);
    await expect(vm).toReach("init", { within: "90s" });
    await expect(vm).toReach("ready");
    expect(vm.phases.map(({ phase }) => phase)).toEqual(linux[cell.boot]);

    // The kernel's own time of a line, on the trace's clock: not after the line arrived, nor long before on an idle host.
    const init = vm.phases.find(({ phase }) => phase === "init");
    const [, seconds = ""] = /^\[ *(\d+\.\d+)\]/.exec(init?.evidence ?? "") ?? [];
    const [clock] = await guestClocks(await readTrace(vm.traceDir));
    const lateMs = ((init?.at ?? 0) - (clock?.hostTimeOf(Number(seconds)) ?? Number.NaN)) / 1e6;
    expect(clock?.count).toBeGreaterThan(10);
    expect(lateMs).toBeGreaterThan(-100);
    expect(lateMs).toBeLessThan(2000);
  },
);

vmTest(
  "a phase that comes too late says when each one came",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    await expect(vm.reach("ready", { within: 0 })).rejects.toThrow(
      /^expected phase ready within 0 ms of its boot's start, but it was reached after .*\nphases of boot 1:\n {2}ready after .*: petri-guest ready kernel/,
    );
    await expect(vm.console().expect("never", { timeout: 50 })).rejects.toThrow(/\nin phase ready for \d+/);
  },
);
