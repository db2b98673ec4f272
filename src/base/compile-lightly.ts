import { noFTL } from "bun:jsc";

/** Until there is more to do than a start: nothing gets hot before, and marking hundreds of functions takes a while. */
let waiting: (() => void)[] | undefined = [];

/** To be called in each thread before work that takes longer than a start. Calling it again does nothing. */
export function markLightFunctions(): void {
  const marking = waiting ?? [];
  waiting = undefined;
  for (const mark of marking) mark();
}

function markLater(mark: () => void): void {
  if (waiting === undefined) mark();
  else waiting.push(mark);
}

/**
 * Keeps the engine's last and most expensive compiler (JavaScriptCore's FTL) away from functions that run once per
 * file. It pays off after seconds, but the work here is done in half of one. With few processors, the compiler's
 * threads take their time from it: a quarter of what a restore spends outside the kernel.
 */
export function compileLightly(...functions: readonly ((...parameters: never[]) => unknown)[]): void {
  markLater(() => {
    for (const each of functions) noFTL(each);
  });
}

/**
 * The same for all methods of some classes or objects, except `#private` ones, which cannot be accessed: classes in
 * hot loops use TypeScript's `private` instead.
 */
export function compileMethodsLightly(...owners: readonly object[]): void {
  markLater(() => {
    for (const owner of owners) markMethods(owner);
  });
}

function markMethods(owner: object): void {
  const methods = typeof owner === "function" ? (owner.prototype as object) : owner;
  for (const { value } of Object.values(Object.getOwnPropertyDescriptors(methods))) {
    if (typeof value === "function") noFTL(value);
  }
}
