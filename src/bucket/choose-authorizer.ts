import type { BucketAddress } from "./address.ts";
import type { Authorizer } from "./authorizer.ts";
import { createBearer } from "./bearer.ts";
import { chooseProfile } from "./find-profile.ts";
import type { Profile, Variables } from "./profile.ts";
import { RenewingSource } from "./renewing-source.ts";
import type { BucketSettings } from "./settings.ts";
import { createSigner, type SigningKeys } from "./sigv4.ts";

/** How requests for a bucket prove whose they are. What is large is loaded only when it is needed. */
export function chooseAuthorizer(
  { provider, bucket }: BucketAddress,
  variables: Variables,
  profile: Profile,
  { region, ca }: BucketSettings,
): Authorizer {
  const url = `${provider}://${bucket}`;
  if (provider === "gs") {
    const ask = async () => {
      const { askForGoogleToken } = await import("./google-token.ts");
      return await askForGoogleToken(variables, ca, url);
    };
    return createBearer(new RenewingSource(ask, Date.now));
  }
  const keys = findKeys(variables);
  if (keys !== undefined)
    return createSigner({ current: () => Promise.resolve(keys), renew: () => undefined });
  const ask = async () => {
    const { askCredentialChain } = await import("./credential-chain.ts");
    return await askCredentialChain({
      variables,
      profileName: chooseProfile(variables),
      webIdentityTokenFile: profile.webIdentityTokenFile,
      region,
      ca,
      bucket: url,
    });
  };
  return createSigner(new RenewingSource(ask, Date.now));
}

/** Those in variables win over everything, as for `aws`. */
function findKeys(variables: Variables): SigningKeys | undefined {
  const accessKeyId = variables["AWS_ACCESS_KEY_ID"]?.trim() ?? "";
  const secretAccessKey = variables["AWS_SECRET_ACCESS_KEY"]?.trim() ?? "";
  const sessionToken = variables["AWS_SESSION_TOKEN"]?.trim() ?? "";
  if (accessKeyId === "" || secretAccessKey === "") return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) };
}
