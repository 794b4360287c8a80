import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { describeFindings } from "./doctor/print-findings.ts";
import { newFolder, runPetri } from "./test/run-petri.ts";

const doubleOf = (program: string) => fileURLToPath(new URL(`../../fixtures/vmms/${program}`, import.meta.url));

test("it proves v86 by running it, and ends with 0 since one VMM works", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), ["doctor", "--json"]);
  expect(exitCode).toBe(0);
  const findings = JSON.parse(stdout) as { vmms: { vmm: string; works: boolean; accelerators: unknown[] }[] };
  expect(findings.vmms.find(({ vmm }) => vmm === "v86")).toMatchObject({
    works: true,
    accelerators: [{ name: "jit", works: true, cpuMode: 32 }],
  });
  const bhyve = { vmm: "bhyve", reason: "needs a FreeBSD host" };
  const vmctl = { vmm: "vmctl", reason: "needs an OpenBSD host" };
  expect(findings).toMatchObject({ elsewhere: [bhyve, vmctl] });
});

test("a QEMU that is missing is told with the command that mends it", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), ["doctor"], { PETRI_QEMU: "/nonexistent/qemu" });
  expect(exitCode).toBe(0);
  expect(stdout).toContain(
    "✗ qemu\n  - /nonexistent/qemu, named by PETRI_QEMU, is not a program\n    fix: set PETRI_QEMU",
  );
});

test("a double that is named is told as one", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), ["doctor"], { PETRI_BHYVE: doubleOf("bhyve") });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^✓ bhyve \(double\) 15\.0 {2}\S+\n {2}✓ bhyve-vmm: ran 64-bit guest code in \d+ ms\n/m);
  expect(stdout).toContain("  - a double: it stands for the real bhyve, and proves nothing of it\n");
});

test("what is printed says what was proven and what is missing", () => {
  vi.stubEnv("npm_command", "");
  const lines = describeFindings(
    {
      host: { platform: "linux", arch: "x64", node: "20.20.2" },
      vmms: [
        {
          ...{ vmm: "qemu", present: true, works: true, version: "7.2.22", binary: "/usr/bin/qemu-system-x86_64" },
          accelerators: [
            { name: "kvm", works: false, reason: "it opens, but 64-bit guest code did not run within 2000 ms" },
            { name: "tcg", works: true, cpuMode: 64, bootMs: 77.4, reason: "" },
          ],
          firmware: [],
          vsock: [
            { transport: "vhost-user", works: true },
            { transport: "vhost", works: false, reason: "/dev/vhost-vsock is not there" },
          ],
          notes: ["no UEFI firmware found"],
          fixes: ["sudo apt-get install -y ovmf"],
        },
      ],
      elsewhere: [{ vmm: "bhyve", reason: "needs a FreeBSD host" }],
      images: [],
      cacheFolder: "/home/me/.cache/petri",
      runDirectory: "/tmp/petri-1000",
      deathPact: false,
      leftovers: [{ dir: "/tmp/petri-1000/12-34", pids: [99] }],
    },
    (title) => title,
  );
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "Host: linux x64, Node 20.20.2

    ✓ qemu 7.2.22  /usr/bin/qemu-system-x86_64
      ✗ kvm: it opens, but 64-bit guest code did not run within 2000 ms
      ✓ tcg: ran 64-bit guest code in 77 ms
      ✓ vsock by vhost-user: Petri's own device, no root needed
      ✗ vsock by vhost: /dev/vhost-vsock is not there
      - no UEFI firmware found
        fix: sudo apt-get install -y ovmf

    - bhyve: needs a FreeBSD host

    Images
      ✓ ready: 
      built images are kept in /home/me/.cache/petri

    Runs
      sockets and other files of running VMs: /tmp/petri-1000
      ✗ no death pact (setpriv of util-linux is missing): the next run sweeps what a kill -9 leaves
      swept what killed runs had left: 1 folder, processes 99

    Next: petri boot --image petri-guest"
  `);
});
