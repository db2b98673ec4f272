/** `node:os`, which says it as well, takes longer to load than a small file to read. */
export const IS_LINUX = process.platform === "linux";
