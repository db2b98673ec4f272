import { Option } from "../parser/option.ts";

/** @param done completes "only print what would be" */
export function defineDryRunOption(done: string) {
  return new Option("--dry-run", `only print what would be ${done}`).env("BTDT_DRY_RUN").default(false);
}
