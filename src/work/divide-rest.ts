/** What a job has left of a list, in two halves: it was too much for one thread. @param doneCount how many are done */
export function divideRest<Item>(list: readonly Item[], doneCount: number): (readonly Item[])[] {
  const middle = Math.ceil((doneCount + list.length) / 2);
  return [list.slice(doneCount, middle), list.slice(middle)].filter((half) => half.length > 0);
}
