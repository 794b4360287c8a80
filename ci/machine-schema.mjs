// Writes the JSON Schema of machine files into the package, for editors: `npm run build` runs this behind tsc.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machineJsonSchema } from "../dist/machine/schema.js";

const file = fileURLToPath(new URL("../dist/machine.schema.json", import.meta.url));
writeFileSync(file, `${JSON.stringify(machineJsonSchema(), null, 2)}\n`);
