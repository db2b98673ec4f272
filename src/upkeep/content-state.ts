import type { ObjectCondition } from "../objects/check-objects.ts";

/** The result of reading a content. */
export type ContentState = "sound" | "damaged" | "unreadable" | "gone";

export function stateOf(condition: ObjectCondition): ContentState {
  switch (condition) {
    case "whole":
      return "sound";
    case "missing":
      return "gone";
    default:
      return condition;
  }
}

export function blockKey(packName: string, block: number): string {
  return `${packName}-${block}`;
}
