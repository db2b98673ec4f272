import type { ByteString } from "../base/byte-string.ts";

/** Whether an entry could be restored, as far as can be told without reading its contents. */
export type Condition =
  | { readonly kind: "whole" }
  | {
      readonly kind: "damaged";
      /** A sentence for the user. */
      readonly reason: string;
      /** Files that were edited through a link, by their paths in the tree. */
      readonly editedPaths: readonly ByteString[];
    }
  /** Something could not be read this time, which says nothing about its contents. */
  | { readonly kind: "unreadable"; readonly reason: string };
