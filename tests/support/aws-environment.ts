import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A home directory with files of the AWS tools, and no other credentials in reach. */
export class AwsHome {
  readonly path = mkdtempSync(join(tmpdir(), "btdt-test-home-"));

  /** Writes a file, such as `.aws/config`. @returns its path */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Runs an action with these variables in place of all that the AWS tools read. */
export async function withVariables<T>(
  variables: Readonly<Record<string, string>>,
  action: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (/^AWS_|^HOME$|_PROXY$|^GOOGLE_|^GCE_/i.test(name)) delete process.env[name];
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
