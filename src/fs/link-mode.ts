/**
 * How a file may be placed elsewhere. `auto` prefers what copies no data and, of that, what keeps the two
 * independent: a reflink, else a hard link, else a copy.
 */
export const LINK_MODES = ["auto", "reflink", "hard", "copy"] as const;
export type LinkMode = (typeof LINK_MODES)[number];
