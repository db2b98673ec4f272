import { existsSync } from "node:fs";

/** What a test needs of the machine; a string that starts with "/" is a file, any other a program. */
type Need = "linux" | "root" | (string & {});

/** Whether something is missing, and what, for the test's name. */
export type Requirement = { readonly missing: boolean; readonly note: string };

const isMet = (need: Need): boolean => {
  if (need === "linux") return process.platform === "linux";
  if (need === "root") return process.getuid?.() === 0;
  return need.startsWith("/") ? existsSync(need) : Bun.which(need) !== null;
};

/** `const need = requirement("root", "strace"); test.skipIf(need.missing)("…" + need.note, …)`. */
export function requirement(...needs: Need[]): Requirement {
  const unmet = needs.filter((need) => !isMet(need));
  return { missing: unmet.length > 0, note: unmet.length > 0 ? ` [skipped: needs ${unmet.join(", ")}]` : "" };
}
