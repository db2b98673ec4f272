import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import type { Profile, Variables } from "./profile.ts";

/** Empty if there are no profiles. What reads them is loaded only if there are. */
export async function findProfile(variables: Variables): Promise<Profile> {
  const home = variables["HOME"] ?? findHome();
  const files = [
    variables["AWS_CONFIG_FILE"] ?? join(home, ".aws/config"),
    variables["AWS_SHARED_CREDENTIALS_FILE"] ?? join(home, ".aws/credentials"),
  ];
  if (home === "" || !files.some((file) => existsSync(file))) return {};
  const { loadProfile } = await import("./load-profile.ts");
  return await loadProfile(chooseProfile(variables));
}

export function chooseProfile(variables: Variables): string {
  return variables["AWS_PROFILE"] || variables["AWS_DEFAULT_PROFILE"] || "default";
}

/** Empty for a user without a home. */
function findHome(): string {
  try {
    return homedir();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
