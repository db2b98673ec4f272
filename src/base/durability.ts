/**
 * When a store is done. `flush`: when everything it wrote is on disk. `none`: when the kernel has it; a power cut
 * soon afterwards can cost the entry, which is then a miss, never a wrong tree.
 */
export const DURABILITIES = ["flush", "none"] as const;
export type Durability = (typeof DURABILITIES)[number];
