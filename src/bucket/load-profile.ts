/** Loaded only by commands that work on a bucket, and only if there are such files. */
import { loadSharedConfigFiles } from "@smithy/core/config";
import type { Profile } from "./profile.ts";

/**
 * Reads the profile that is in use from the files of the AWS tools. The files' places come from the process's
 * environment. https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export async function loadProfile(name: string): Promise<Profile> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const values = { ...credentialsFile[name], ...configFile[name] };
  const services = values["services"];
  const ofServices = services === undefined ? {} : (configFile[`services.${services}`] ?? {});
  return {
    region: values["region"],
    endpointUrl: ofServices["s3.endpoint_url"] ?? values["endpoint_url"],
    caBundle: values["ca_bundle"],
    addressingStyle: values["s3.addressing_style"],
    usesDualStack: values["use_dualstack_endpoint"] ?? values["s3.use_dualstack_endpoint"],
    usesFips: values["use_fips_endpoint"],
    ignoresEndpoints: values["ignore_configured_endpoint_urls"],
    webIdentityTokenFile: values["web_identity_token_file"],
  };
}
