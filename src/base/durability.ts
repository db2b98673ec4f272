/**
 * When a store counts as done. `flush`: when everything it made is on disk. `none`: when the kernel has it; a power cut soon after
 * can cost the entry, which is a miss then, never a wrong tree.
 */
export const DURABILITIES = ["flush", "none"] as const;
export type Durability = (typeof DURABILITIES)[number];
