import { fileURLToPath } from "node:url";
import { expect, matrix, vmTest } from "petri-vm/test";
import { startLab } from "./start-lab.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const script = (name: string) => fileURLToPath(new URL(`in-lab/${name}.mjs`, import.meta.url));

/** AF_VSOCK is the host kernel's, and its CIDs are everybody's: tested where the kernel is the test's own. */
const lab = {
  on: matrix({ vmm: "qemu", boot: "kernel", image: "lab" }),
  machine: { memory: { size: "2G" }, processors: { count: 2 } },
  timeout: "240s",
} as const;

async function run(name: string): Promise<unknown> {
  const { code, stdout, stderr } = await startLab(["--", process.execPath, script(name)], checkout).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout.toString());
}

vmTest("the kernel's own vsock: both directions, refusals, half closes", lab, async () => {
  expect(await run("native-vsock")).toEqual({
    inUse: "UsageError: vsock port 5000 of the host is in use: the kernel has one for all guests; choose another",
    refused: "VsockError: vsock port 4999: the connection was refused: nobody in the guest listens on port 4999",
    noSuchCid: "VsockError: vsock port 4999: the connection was reset: no guest on this host has CID 77",
    up: true,
    down: true,
    broken: "EPIPE",
    many: 20,
    closed: "Error: the listener on vsock port 5000 was closed",
  });
});
