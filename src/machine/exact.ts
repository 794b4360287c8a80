/** zod types a key that may be absent as one that may also be undefined; settings.ts drops the latter. */
export type Exact<T> = T extends RegExp | readonly [unknown, ...unknown[]]
  ? T
  : T extends readonly (infer Item)[]
    ? Exact<Item>[]
    : T extends object
      ? { [K in keyof T]: Exact<Exclude<T[K], undefined>> }
      : T;
