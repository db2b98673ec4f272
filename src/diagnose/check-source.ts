import { readFileSync } from "node:fs";
import { type ByteString, display, joinBytes } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readCurrentUser } from "../fs/current-user.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { chooseStorage } from "../store/choose-storage.ts";
import type { Check } from "./check.ts";
import type { TrialDirectory } from "./trial-directory.ts";

/** In which form a store would store a path, and why. */
export function checkSource(cache: CacheDirectory, path: ByteString, trial: TrialDirectory): Check[] {
  const name = "store";
  try {
    // With a dot, because it may be a symlink.
    const followed = lstat(path)?.kind === "symlink" ? joinBytes(path, "." as ByteString) : path;
    const status = lstat(followed);
    if (status === undefined) {
      return [{ name, status: "problem", finding: `${display(path)} does not exist` }];
    }
    const request = { cache, storage: "auto", linkMode: "auto" } as const;
    const place = cache.rootStatus() === undefined ? { ...request, cache: { root: cache.path } } : request;
    const { isPacked, obstacle } = chooseStorage(place, followed, trial);
    const form: Check = isPacked
      ? {
          name,
          status: "warning",
          finding: `${display(path)} would be packed, and copied by a restore (${obstacle}: cannot link)`,
        }
      : { name, status: "ok", finding: `${display(path)} would be stored as objects, which trees can share` };
    return mayLink(status.ownerId)
      ? [form]
      : [
          form,
          {
            name: "owner",
            status: "warning",
            finding: `${display(path)} belongs to user ${status.ownerId}: the kernel lets this user link only files it may write (fs.protected_hardlinks); the others are copied`,
          },
        ];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [{ name, status: "problem", finding: `cannot examine ${display(path)}: ${reasonOf(error)}` }];
  }
}

/** Whether the kernel lets this user link all files of an owner. */
function mayLink(ownerId: number): boolean {
  const { userId } = readCurrentUser();
  if (userId === 0 || userId === ownerId) return true;
  try {
    return readFileSync("/proc/sys/fs/protected_hardlinks", "latin1").trim() === "0";
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return true;
  }
}
