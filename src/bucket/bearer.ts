import type { Authorizer } from "./authorizer.ts";
import type { CredentialSource } from "./renewing-source.ts";

/** Authorizes requests by an OAuth 2 access token: https://cloud.google.com/storage/docs/xml-api/overview */
export function createBearer(tokens: CredentialSource<string>): Authorizer {
  return {
    authorize: async ({ headers }) => ({ ...headers, authorization: `Bearer ${await tokens.current()}` }),
    renew: () => tokens.renew(),
  };
}
