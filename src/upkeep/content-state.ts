/** The result of reading a content. */
export type ContentState = "sound" | "damaged" | "unreadable" | "gone";

export function blockKey(packName: string, block: number): string {
  return `${packName}-${block}`;
}
