import { cpSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import type { Random } from "../support/random.ts";

const GIBIBYTE = 1024 ** 3;

/** Something else in place of a file or directory. @param outside where links lead */
export function replaceFile(path: string, outside: string, random: Random): void {
  rmSync(path, { recursive: true, force: true });
  switch (random.below(8)) {
    case 0:
      symlinkSync(join(outside, "canary"), path);
      break;
    case 1:
      symlinkSync(join(outside, "new"), path);
      break;
    case 2:
      must(["mkfifo", path]);
      break;
    case 3:
      mkdirSync(path);
      break;
    case 4:
      cpSync(outside, path, { recursive: true });
      break;
    case 5:
      writeFileSync(path, "");
      break;
    case 6:
      writeFileSync(path, "");
      truncateSync(path, 8 * GIBIBYTE);
      break;
    default:
      symlinkSync(path, path);
      break;
  }
}
