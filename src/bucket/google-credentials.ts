import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BtdtError } from "../base/errors.ts";
import type { Variables } from "./profile.ts";

/** What a credentials file of Google's contains, as far as btdt uses it. */
export type GoogleCredentials =
  | {
      readonly type: "service_account";
      readonly client_email: string;
      readonly private_key: string;
      readonly token_uri: string;
    }
  | {
      readonly type: "authorized_user";
      readonly client_id: string;
      readonly client_secret: string;
      readonly refresh_token: string;
    }
  | {
      readonly type: "external_account";
      readonly audience: string;
      readonly subject_token_type: string;
      readonly token_url: string;
      readonly service_account_impersonation_url?: string;
      readonly credential_source: SubjectTokenSource;
    };

/** Where the token of the other identity provider is. */
export interface SubjectTokenSource {
  readonly file?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly format?: { readonly type?: string; readonly subject_token_field_name?: string };
}

const REQUIRED = {
  service_account: ["client_email", "private_key", "token_uri"],
  authorized_user: ["client_id", "client_secret", "refresh_token"],
  external_account: ["audience", "subject_token_type", "token_url"],
} as const;

/**
 * Finds the "application default credentials"; undefined if there is no file, which leaves the metadata server.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 *
 * @throws BtdtError BUCKET_NOT_ACCESSIBLE
 */
export function findGoogleCredentials(variables: Variables): GoogleCredentials | undefined {
  const named = variables["GOOGLE_APPLICATION_CREDENTIALS"]?.trim() ?? "";
  const directory = variables["CLOUDSDK_CONFIG"] ?? join(variables["HOME"] ?? "/", ".config/gcloud");
  const path = named === "" ? join(directory, "application_default_credentials.json") : named;
  if (named === "" && !existsSync(path)) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw invalidFile(path, "cannot be read", error);
  }
  if (!isCredentials(content)) throw invalidFile(path, "are of a type that btdt does not know", undefined);
  return content;
}

function isCredentials(content: unknown): content is GoogleCredentials {
  if (typeof content !== "object" || content === null) return false;
  const fields = content as Readonly<Record<string, unknown>>;
  const { type } = fields;
  if (type !== "service_account" && type !== "authorized_user" && type !== "external_account") return false;
  if (!REQUIRED[type].every((name) => typeof fields[name] === "string")) return false;
  const source = fields["credential_source"];
  return type !== "external_account" || (typeof source === "object" && source !== null);
}

/** The cause is not kept: a parser's message repeats parts of what it parsed. */
function invalidFile(path: string, problem: string, error: unknown): BtdtError {
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", `the Google credentials in ${path} ${problem}${code}`, {
    path,
    hint: "GOOGLE_APPLICATION_CREDENTIALS names a file for a service account, a user or an external account with a token in a file or at a URL",
  });
}
