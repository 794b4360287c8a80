import { expect, test } from "vitest";
import { UsageError } from "./errors.ts";
import { splitArgv } from "./options/argv.ts";
import { readMachineOptions } from "./options.ts";
import { machineFrom } from "./relative-paths.ts";
import { parseMachine } from "./validate.ts";

const boot = { kind: "kernel", kernel: "/k" } as const;
const vsockOf = (line: string) => readMachineOptions(splitArgv(["--uefi", ...line.split(" ")])).overrides.vsock;

test("true is a device with nothing said about it", () => {
  expect(parseMachine({ boot, vsock: true }).vsock).toEqual({});
  expect(parseMachine({ boot }).vsock).toBeUndefined();
  expect(parseMachine({ boot, vsock: { cid: 4294967294, transport: "vhost" } }).vsock?.cid).toBe(4294967294);
});

test("the words are OpenVMM's", () => {
  expect(vsockOf("--virtio-vsock-path vm.vsock")).toEqual({ path: "vm.vsock" });
  expect(vsockOf("--virtio-vsock-vhost-cid 42")).toEqual({ cid: 42, transport: "vhost" });
});

test("a relative path starts from the folder of the file it stands in", () => {
  expect(machineFrom({ vsock: { path: "vm.vsock", cid: 7 } }, "/home/me").vsock).toEqual({
    path: "/home/me/vm.vsock",
    cid: 7,
  });
  expect(machineFrom({ vsock: true }, "/home/me").vsock).toBe(true);
});

test.each<[string, string]>([
  ["--virtio-vsock-vhost-cid 2", "--virtio-vsock-vhost-cid 2 is not accepted: write a CID from 3 to 4294967294"],
  ["--virtio-vsock-vhost-cid 4294967295", "write a CID from 3 to 4294967294"],
  ["--virtio-vsock-vhost-cid ten", "write a CID from 3 to 4294967294"],
  [
    "--virtio-vsock-path a --virtio-vsock-vhost-cid 42",
    "--virtio-vsock-path a: is served by Petri's own device: leave it out, or transport vhost",
  ],
  ["--virtio-vsock-path a --com1 listen=a", "the path a is already used"],
])("%s is refused", (line, why) => {
  expect(() => vsockOf(line)).toThrow(UsageError);
  expect(() => vsockOf(line)).toThrow(why);
});

test.each<[unknown, string]>([
  [false, 'vsock: false is not accepted: write true, or { cid: 42, transport: "vhost", path: "vm.vsock" }'],
  [{ cid: 2 }, "vsock"],
  [{ transport: "hybrid" }, "vsock"],
  [{ port: 1 }, "vsock"],
])("vsock %j is no machine", (vsock, why) => {
  expect(() => parseMachine({ boot, vsock })).toThrow(why);
});
