import { imageStatus, listImages } from "../image/status.ts";

/** Why an image of the catalogue is neither built nor can be built here, by its name. */
export async function unbuildableImages(signal: AbortSignal): Promise<Record<string, string>> {
  const statuses = await Promise.all(listImages().map(({ name }) => imageStatus(name, { signal })));
  const hopeless = statuses.filter(({ state, missingTools }) => state !== "built" && missingTools.length > 0);
  return Object.fromEntries(
    hopeless.map(({ name, missingTools }) => {
      const tools = missingTools.map(({ tool }) => tool).join(", ");
      return [name, `the image ${name} is not built, and building it needs ${tools}: see petri images`];
    }),
  );
}
