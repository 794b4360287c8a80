/**
 * Writes images/<name>/lock.json from what the archive offers today: `npx tsx images/relock.ts [NAME...]`.
 * Boot every image with the new lock before committing it (images/README.md).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { Apt } from "../src/image/apt.ts";
import { packagesOf } from "../src/image/build.ts";
import { cacheFolder } from "../src/image/cache.ts";
import { catalogue } from "../src/image/catalogue.ts";
import { chooseOffers, type WantedPackage } from "../src/image/packages.ts";

for (const { name, source } of catalogue) {
  if (source.kind === "shipped" || (process.argv.length > 2 && !process.argv.includes(name, 2))) continue;
  const packages = await newest(packagesOf(source));
  const folder = new URL(`./${name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("lock.json", folder), `${JSON.stringify({ packages }, null, 2)}\n`);
  console.log(`${name}: ${packages.map((entry) => `${entry.name} ${entry.version}`).join(", ")}`);
}

async function newest(wanted: readonly WantedPackage[]) {
  const locked = [];
  for (const arch of new Set(wanted.map((want) => want.arch))) {
    const apt = new Apt(cacheFolder(), arch);
    await apt.update(true);
    const ofArch = wanted.filter((want) => want.arch === arch);
    for (const { want, offer } of await chooseOffers(apt, ofArch, [])) {
      const { name, version, sha256 } = offer;
      locked.push({ wanted: want.wanted, name, arch, version, sha256 });
    }
  }
  return locked;
}
