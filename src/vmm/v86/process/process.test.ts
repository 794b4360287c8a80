import { describe, expect, test } from "vitest";
import { bootPetriGuest, petriGuest, READY, SpawnedVm } from "./test/spawned-vm.ts";

describe("petri-v86", { timeout: 60_000 }, () => {
  test("greets, runs nothing before cont, and boots from byte 0", async () => {
    const vm = await SpawnedVm.start(["--multiboot", petriGuest]);
    expect(vm.messages[0]).toEqual({ QMP: { version: { package: "v86 0.5.462" }, capabilities: [] } });
    expect(await vm.command("qmp_capabilities")).toEqual({});
    expect(await vm.command("query-status")).toEqual({ status: "prelaunch", running: false });
    expect(vm.printed.com1).toBe("");

    await vm.command("cont");
    await vm.prints(READY);
    expect(vm.printed.com1).toMatch(/^\s*petri-guest ready/);
    expect(await vm.command("query-status")).toEqual({ status: "running", running: true });
    // As in QMP, RESUME precedes the answer to cont.
    const order = vm.messages.map((message) => message.event ?? (message.return ? "return" : "greeting"));
    expect(order).toEqual(["greeting", "return", "return", "RESUME", "return", "return"]);
  });

  test("quits with 0", async () => {
    const vm = await bootPetriGuest();
    expect(await vm.command("quit")).toEqual({});
    expect(await vm.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("ends with 0 on SIGTERM, before and after cont", async () => {
    const paused = await SpawnedVm.start(["--multiboot", petriGuest]);
    paused.child.kill("SIGTERM");
    expect(await paused.ended).toMatchObject({ code: 0, stderr: "" });
    const running = await bootPetriGuest();
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("ends when the harness dies", async () => {
    const vm = await bootPetriGuest();
    vm.sockets.control?.destroy();
    expect(await vm.ended).toMatchObject({ code: 1, signal: null });
  });

  test("names every problem of its command line, then exits 64", async () => {
    const vm = await SpawnedVm.start(["--memory", "3", "--frob", "--bios"]);
    expect(await vm.ended).toMatchInlineSnapshot(`
      {
        "code": 64,
        "signal": null,
        "stderr": "petri-v86: unknown option --frob
      petri-v86: --bios wants a value
      petri-v86: --memory wants bytes, a multiple of 1048576 from 1048576 to 2130706432, not "3"
      petri-v86: nothing to boot: give --multiboot, --kernel, or --bios with a disk
      ",
      }
    `);
  });

  test("names every file that it cannot read, then exits 66", async () => {
    const vm = await SpawnedVm.start(["--multiboot", "/nonexistent/kernel", "--initrd", "/"]);
    const { code, stderr } = await vm.ended;
    expect(code).toBe(66);
    expect(stderr).toMatch(/--multiboot \/nonexistent\/kernel: .*ENOENT.*\n.*--initrd \/: .*EISDIR/);
    expect(vm.messages).toEqual([]);
  });

  test("answers bad commands and goes on", async () => {
    const vm = await SpawnedVm.start(["--multiboot", petriGuest]);
    expect(await vm.command("frobnicate")).toEqual({
      error: { class: "GenericError", desc: "the command frobnicate is unknown" },
    });
    vm.sockets.control?.write('{"execute"\r\n[1]\n\n{"id":7}\n');
    await vm.until("three errors", () => vm.messages.filter((message) => "error" in message).length === 4);
    expect(vm.messages.at(-1)).toMatchObject({ id: 7, error: { desc: "a command has an `execute`" } });
  });
});
