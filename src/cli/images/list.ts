import { type ImageStatus, imageStatus, listImages as listCatalogue } from "../../image/status.ts";
import { humanSize } from "../../machine/size.ts";
import { writeTo } from "../output.ts";

export async function listImages({ json, signal }: { json: boolean; signal: AbortSignal }): Promise<number> {
  const statuses: ImageStatus[] = [];
  for (const { name } of listCatalogue()) statuses.push(await imageStatus(name, { signal }));
  const text = json ? JSON.stringify(statuses, null, 2) : statuses.flatMap(describeImage).join("\n");
  await writeTo(process.stdout, `${text}\n`);
  return 0;
}

function describeImage(status: ImageStatus): string[] {
  const { name, summary, boots, state, version, sizeBytes, notes, missingTools } = status;
  const size = sizeBytes > 0 ? `, ${humanSize(sizeBytes)}` : "";
  const built = version === undefined ? state : `${state} ${version}`;
  return [
    `${name.padEnd(14)} ${built}${size}; boots by ${boots.join(", ")}`,
    `${" ".repeat(14)} ${summary}`,
    ...notes.map((note) => `${" ".repeat(14)} - ${note}`),
    ...(state === "built" || state === "shipped"
      ? []
      : missingTools.map(({ tool, fix }) => `${" ".repeat(14)} ✗ to build it, ${tool} is missing; fix: ${fix}`)),
  ];
}
