/**
 * `npm-linux-…-9f86d0`: at most this many columns wide; both ends of a key tell it from others. Wide characters take two.
 */
export function cutMiddle(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const head = takeColumns(characters, Math.ceil((columns - 1) / 2));
  const tail = takeColumns(characters.toReversed(), Math.floor((columns - 1) / 2));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

function takeColumns(characters: readonly string[], columns: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += Bun.stringWidth(character);
    return used > columns;
  });
  return characters.slice(0, end);
}
