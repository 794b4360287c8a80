// Run by node(1) in the lab, where AF_VSOCK is this kernel's own: loopback is CID 1 (vsock(7), VMADDR_CID_LOCAL).
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { NativeChannel } from "../../../dist/host/vsock/native.js";

const results = {};
// There is no VM here, which would keep the process alive while only a thread waits.
const alive = setInterval(() => {}, 1_000);
const channel = new NativeChannel(1, (error) => {
  throw error;
});
const listener = await channel.listen(5000);
results.inUse = await said(channel.listen(5000));
results.refused = await said(channel.connect(4999));
const nobody = new NativeChannel(77, () => {});
results.noSuchCid = await said(nobody.connect(4999));
await nobody.close();

// Both directions, with a half close in each.
const [accepted, stream] = await Promise.all([listener.accept(), channel.connect(5000)]);
const bytes = randomBytes(10_000_000);
const up = all(accepted);
stream.end(bytes);
results.up = sha256(await up) === sha256(bytes);
const down = all(stream);
accepted.end(bytes);
results.down = sha256(await down) === sha256(bytes);

// A reader that is destroyed resets its writer.
const [second, writer] = await Promise.all([listener.accept(), channel.connect(5000)]);
const broken = new Promise((resolve) => writer.once("error", ({ code }) => resolve(code)));
writer.write(Buffer.alloc(1_000_000));
second.destroy();
results.broken = await broken;

const many = Array.from({ length: 20 }, async (_, index) => {
  const each = await channel.connect(5000);
  each.end(`stream ${index}`);
});
const heard = [];
for (let index = 0; index < 20; index++) heard.push(text(await listener.accept()));
await Promise.all(many);
results.many = new Set(await Promise.all(heard)).size;

const waiting = said(listener.accept());
await listener.close();
results.closed = await waiting;
await channel.close();
clearInterval(alive);
console.log(JSON.stringify(results));

// Not by buffer(): it destroys a stream that it has read to the end.
async function all(from) {
  const read = [];
  from.on("data", (chunk) => read.push(chunk));
  await once(from, "end");
  return Buffer.concat(read);
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

async function said(promise) {
  return await promise.then(
    () => "no error",
    (error) => `${error.name}: ${error.message}`,
  );
}
