/** Writes `docs/commands.md` from what the executable says. */
import { writeFileSync } from "node:fs";
import { commandReference, REFERENCE_PATH } from "./command-reference.ts";

writeFileSync(REFERENCE_PATH, commandReference());
