import { UsageError } from "../machine/errors.ts";
import type { BootKind } from "../machine/machine.ts";
import { catalogue } from "./catalogue.ts";
import type { ImageRecipe } from "./recipe.ts";

/** The catalogue entry of that name. Throws UsageError that lists the names there are. */
export function findRecipe(name: string): ImageRecipe {
  const recipe = catalogue.find((entry) => entry.name === name);
  if (recipe) return recipe;
  const names = catalogue.map((entry) => entry.name).join(", ");
  throw new UsageError(`there is no image "${name}"; the catalogue has ${names}`);
}

/** Every reason why this image cannot be booted so; empty when it can. Throws UsageError for an unknown name. */
export function imageSupport(name: string, boot: BootKind): string[] {
  const way = findRecipe(name).boots[boot];
  return typeof way === "number" ? [] : [`${name} cannot boot by ${boot}: ${way.why}`];
}
