// Run by node(1) in the lab: a guest of the lab's own, whose vsock is the lab's kernel's.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { boot, detectAll, localHost, resolveImage } from "../../../dist/index.js";

const results = {};
const image = await resolveImage("debian-cloud", "kernel");
// Not v86, which takes a minute to find in an emulated machine.
const detections = await detectAll(localHost, { overrides: {}, only: ["qemu"] });
const start = (machine) =>
  boot({
    machine: { memory: { size: "256M" }, ...machine },
    image,
    detections,
    placement: { vmm: "qemu", accelerator: "kvm" },
    traceDir: join(mkdtempSync(join(tmpdir(), "trace-")), "vm"),
    waitTimeoutMs: 180_000,
    // The lab's emulated CPU has an XSAVE area that its guest's kernel warns of.
    oracle: { warnings: "report" },
  });

const vm = await start({ vsock: { transport: "vhost", cid: 42 } });
results.notes = vm.plan.notes;
results.clash = await start({ vsock: { transport: "vhost", cid: 42 } }).then(
  () => "no error",
  (error) => `${error.name}: ${error.message}`,
);
await vm.guest.ready();
const com1 = vm.console();
com1.sendLine("petri-agent vsock-listen 5000 -- sha256sum &");
await com1.expect("listening on vsock port 5000");
const bytes = randomBytes(1_000_000);
const stream = await vm.vsock.connect(5000);
stream.end(bytes);
results.sum = (await text(stream)) === `${createHash("sha256").update(bytes).digest("hex")}  -\n`;

const listener = await vm.vsock.listen(6000);
com1.sendLine("petri-agent vsock-connect 2 6000 -- echo from the guest");
results.heard = await text(await listener.accept());

com1.sendLine("petri-agent vsock-listen 5001 -- cat /dev/zero &");
await com1.expect("listening on vsock port 5001");
const endless = buffer(await vm.vsock.connect(5001)).then(
  () => "no error",
  (error) => error.code,
);
await vm.guest.reset();
await vm.power.next("reset");
results.reset = await endless;
await vm.guest.ready();
com1.sendLine("petri-agent vsock-listen 5002 -- echo again &");
await com1.expect("listening on vsock port 5002");
results.again = await text(await vm.vsock.connect(5002));
await vm.quit();
console.log(JSON.stringify(results));
