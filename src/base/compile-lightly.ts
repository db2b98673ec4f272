import { noFTL } from "bun:jsc";

/**
 * Keeps the engine's last and dearest compiler (JavaScriptCore's FTL) away from functions that run once for each file. It
 * pays off after seconds; here the work is over in half of one, and where processors are few the compiler's threads take
 * their time from it: a quarter of what a restore spends outside of the kernel.
 */
export function compileLightly(...functions: readonly ((...parameters: never[]) => unknown)[]): void {
  for (const each of functions) noFTL(each);
}

/**
 * The same for all methods of some classes or objects, except `#private` ones, which nobody can name: classes that hot
 * loops go through have TypeScript's `private` instead.
 */
export function compileMethodsLightly(...owners: readonly object[]): void {
  for (const owner of owners) {
    const methods = typeof owner === "function" ? (owner.prototype as object) : owner;
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(methods))) {
      if (typeof value === "function") noFTL(value);
    }
  }
}
