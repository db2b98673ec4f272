/**
 * Makes a synthetic cache in a separate process: commands that are measured start as copies of the process that
 * measures them, so the memory that this takes would count as theirs.
 */
import { makeSyntheticCache } from "./synthetic-cache.ts";

const [cache = "", ...numbers] = process.argv.slice(2);
const [entryCount = 0, fileCount = 0, ownFileCount = 0] = numbers.map(Number);
makeSyntheticCache(cache, { entryCount, fileCount, ownFileCount });
