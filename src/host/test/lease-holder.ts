import { acquireLease } from "../leases.ts";

// A worker of the test: takes all memory, says so, and stays until it is killed.
await acquireLease(process.argv[2] ?? "", { memoryBytes: 1000, vcpus: 1 });
process.send?.("held");
setInterval(() => {}, 60_000);
