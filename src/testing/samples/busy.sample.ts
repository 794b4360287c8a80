import { crc32 } from "node:zlib";
import { expect, matrix, vmTest } from "petri-vm/test";

vmTest("a busy test body loses no byte", { on: matrix({ boot: "kernel" }), timeout: "60s" }, async ({ vm, guest }) => {
  const bytes = 80 * 5000;
  await guest.ready();
  vm.console().sendLine(`flood ${bytes}`);
  await vm.console().expect("\n");
  const end = Date.now() + 2000;
  while (Date.now() < end);
  const { groups } = await vm.console().expect(/ok flood \d+ crc32=(?<crc>[0-9a-f]{8})/);
  const lines = vm.console().text().split("\n").slice(1, 5001);
  const flood = lines.map((line) => `${line.replace(/\r$/, "")}\r\n`).join("");
  expect(flood.length).toBe(bytes);
  expect(crc32(flood).toString(16).padStart(8, "0")).toBe(groups.crc);
});
