import { noFTL } from "bun:jsc";

/**
 * Keeps the engine's last and dearest compiler (JavaScriptCore's FTL) away from functions that run once for each file. It
 * pays off after seconds; here the work is over in half of one, and where processors are few the compiler's threads take
 * their time from it: a quarter of what a restore spends outside of the kernel.
 */
export function shortLived(...functions: readonly ((...parameters: never[]) => unknown)[]): void {
  for (const each of functions) noFTL(each);
}

/**
 * The same for all methods of some classes, except `#private` ones, which nobody can name: classes that hot loops go
 * through have TypeScript's `private` instead.
 */
export function shortLivedMethods(...classes: readonly { readonly prototype: object }[]): void {
  for (const { prototype } of classes) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value === "function") noFTL(value);
    }
  }
}
