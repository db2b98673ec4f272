/** Writes `docs/commands.md` from the help of the executable. */
import { writeFileSync } from "node:fs";
import { commandReference, REFERENCE_PATH } from "./command-reference.ts";

writeFileSync(REFERENCE_PATH, commandReference());
