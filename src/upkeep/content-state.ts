/** What reading a content has shown. */
export type ContentState = "sound" | "damaged" | "unreadable" | "gone";

export function blockKey(packName: string, block: number): string {
  return `${packName}-${block}`;
}
