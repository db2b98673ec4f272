/**
 * Another process for the lock tests: locks the file it is given, says what came of it, and holds on until it is
 * killed.
 */
import { writeSync } from "node:fs";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { LockFile } from "../../../src/fs/native/flock.ts";

const [path = "", mode] = process.argv.slice(2);
const lock = LockFile.create(bytesFromText(path));
writeSync(1, `${lock.tryLock(mode === "shared" ? "shared" : "exclusive")}\n`);
setInterval(() => lock, 1000);
