import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { localHost } from "../src/host/local.ts";
import { resolveImage } from "../src/image/resolve.ts";
import { boot } from "../src/vm/boot.ts";
import { detectAll } from "../src/vm/detection.ts";
import { bareQemu } from "./bare-qemu.ts";
import { compare, type Figure } from "./table.ts";

const petri = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** What a boot costs through Petri, beside the bare VMM whose console is piped to a search. */
export async function bench(): Promise<Figure[]> {
  const detections = await detectAll(localHost, { overrides: {} });
  const guest = await resolveImage("petri-guest", "kernel");
  const debian = await resolveImage("debian-cloud", "kernel");
  const kernel = guest.kernel?.file ?? "";
  const ready = "petri-guest ready";

  const throughLibrary =
    (vmm: "qemu" | "v86", chipset: "auto" | "microvm" = "auto") =>
    async () => {
      const dir = mkdtempSync(join(tmpdir(), "petri-bench-"));
      const started = performance.now();
      const machine = { memory: { size: "128M" }, chipset };
      const vm = await boot({ machine, image: guest, placement: { vmm }, detections, traceDir: join(dir, "t") });
      await vm.console().expect(ready);
      const took = performance.now() - started;
      await vm.quit();
      rmSync(dir, { recursive: true });
      return took;
    };

  const small = await compare(
    "petri-guest, spawn to ready line",
    "ms",
    [
      { name: "bare QEMU | search", run: () => bareQemu(["-m", "128", "-kernel", kernel], ready) },
      { name: "Petri library, QEMU", run: throughLibrary("qemu") },
      { name: "Petri library, QEMU microvm", run: throughLibrary("qemu", "microvm") },
      { name: "Petri library, v86", run: throughLibrary("v86") },
    ],
    11,
  );

  const marker = "PETRI-READY";
  const linux = [debian.kernel?.file ?? "", debian.initrd ?? "", debian.cmdline ?? ""] as const;
  const qemuLinux = ["-m", "256", "-kernel", linux[0], "-initrd", linux[1], "-append", linux[2]];
  const large = await compare(
    "Debian cloud kernel to its marker, whole process",
    "ms",
    [
      { name: "bare QEMU | search", run: () => bareQemu(qemuLinux, marker) },
      {
        name: "petri boot --expect",
        run: () =>
          timed(process.execPath, [
            ...[petri, "boot", "--vmm", "qemu", "--memory", "256M", "--kernel", linux[0], "--initrd", linux[1]],
            ...["--cmdline", linux[2], "--expect", marker, "--timeout", "120s", "--quiet"],
          ]),
      },
    ],
    7,
  );
  return [...small, ...large];
}

/** Wall time of a whole process, which must end with 0. */
function timed(file: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(file, [...args], { stdio: ["ignore", "ignore", "inherit"], env: withoutExtraCertificates() });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => (code === 0 ? resolve(performance.now() - started) : reject(new Error(`exit ${code}`))));
  });
}

/** Node reads them at each start, which has nothing to do with Petri: 70 ms where the file is that of the system. */
function withoutExtraCertificates(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}
