import { findRecipe } from "../image/support.ts";
import { bootKinds } from "../machine/boot.ts";
import type { BootKind } from "../machine/machine.ts";
import type { FacetName } from "../vmm/contract.ts";
import { type Cell, imageName } from "./cell.ts";

/** What a test cannot do without. It only filters cells; `machine` is what changes a machine. */
export type Need = BootKind | "64-bit" | "guest-driver" | FacetName;

/** Needs that only a running VM can answer: asked once it is booted. */
export function facetNeeds(needs: readonly Need[]): FacetName[] {
  return needs.filter((need): need is FacetName => !isStatic(need));
}

/** Why a cell does not meet what the test needs, as far as that is known before it boots. */
export function unmetNeeds(needs: readonly Need[], cell: Cell): string[] {
  const wantedBoots = needs.filter(isBoot);
  const reasons = [];
  if (wantedBoots.length > 0 && !wantedBoots.includes(cell.boot)) {
    reasons.push(`the test needs ${wantedBoots.join(" or ")}`);
  }
  if (typeof cell.image !== "string") return reasons;
  const recipe = findRecipe(cell.image);
  if (needs.includes("64-bit") && recipe.boots[cell.boot] !== 64) {
    reasons.push(`the test needs a 64-bit guest; ${imageName(cell.image)} by ${cell.boot} is not one`);
  }
  if (needs.includes("guest-driver") && recipe.driver === "none") {
    reasons.push(`the test needs a guest driver; ${imageName(cell.image)} has none`);
  }
  return reasons;
}

function isBoot(need: Need): need is BootKind {
  return bootKinds.some((kind) => kind === need);
}

function isStatic(need: Need): boolean {
  return isBoot(need) || need === "64-bit" || need === "guest-driver";
}
