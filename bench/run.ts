import { printFigures } from "./table.ts";

// `npm run bench -- NAME`: a table for people, then one JSON line a figure.
const benches = {
  boot: () => import("./boot.ts"),
  console: () => import("./console.ts"),
  drive: () => import("./drive.ts"),
  tests: () => import("./tests.ts"),
  vsock: () => import("./vsock.ts"),
  "oracle-corpus": () => import("./oracle-corpus.ts"),
};

const names = Object.keys(benches);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (wanted.length === 0 || unknown.length > 0) {
  console.error(
    `${unknown.length > 0 ? `there is no bench "${unknown.join(" ")}"\n` : ""}usage: npm run bench -- ${names.join("|")} …`,
  );
  process.exit(64);
}
for (const name of wanted) {
  // Just checked against the names.
  const { bench } = await benches[name as keyof typeof benches]();
  printFigures(await bench());
}
