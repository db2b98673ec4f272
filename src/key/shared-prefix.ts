const SEPARATOR = /[-_.:/+@ %]/;

/**
 * The length of the common prefix of two keys, up to its last separator: digits that two hashes happen to share mean
 * nothing.
 */
export function sharedPrefixLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  if (length === left.length && length === right.length) return length;
  while (length > 0 && !SEPARATOR.test(left.charAt(length - 1))) length -= 1;
  return length;
}
