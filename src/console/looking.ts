import type { ByteSource } from "./byte-source.ts";
import type { Hit } from "./search.ts";

/** A part of what is looked for that has not come. */
export interface Missing {
  readonly title: string;
  /** Text that it most likely holds, for telling what came near. */
  readonly gist: string | undefined;
}

/** A look through a record that still grows. What it finds depends on the bytes alone, not on how they came. */
export interface Looking<Found extends { readonly start: number }> {
  /** How far the record has been read. */
  readonly position: number;
  /** Characters that the next look goes over again. */
  readonly carried: number;
  /** True if there may be a match that is final only when its line or the output ends. */
  readonly isOpen: boolean;
  /** Looks through the record up to `until`; pauses after about `budgetMs`, and then `position` is short of it. */
  advance(until: number, budgetMs?: number): Found | undefined;
  /** What is found if no more bytes come for now. */
  provisional(): Found | undefined;
  /** No more bytes will come: looks at what was held back as unfinished, too. */
  finish(): Found | undefined;
  /** What has not been found yet. */
  missing(): readonly Missing[];
  /** How much of it has been found, for messages. */
  progress?(): string | undefined;
}

/** What a wait is for. */
export interface Sought<Found extends { readonly start: number }> {
  /** For messages: `"login:"`, `/^login: $/`, `any of "a", /b/`. */
  readonly title: string;
  /** True if the title is that of several things. */
  readonly isPlural?: boolean;
  lookFrom(source: ByteSource, offset: number): Looking<Found>;
  /** The same with kernel messages tolerated, unless they are already. */
  readonly tolerant: Sought<Found> | undefined;
  /** What messages give advice about, if it is not the whole of it. */
  readonly advised?: Sought<Hit>;
}
