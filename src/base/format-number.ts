/**
 * `81,651`. `toLocaleString` says the same, but loads the rules of all languages, which takes 2 ms.
 * @param number whole
 */
export function formatNumber(number: number): string {
  if (number < 1000) return String(number);
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
