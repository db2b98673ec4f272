/** The environment's variables. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What a profile of the AWS tools says, as text. */
export interface Profile {
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly caBundle?: string | undefined;
  readonly addressingStyle?: string | undefined;
  readonly usesDualStack?: string | undefined;
  readonly usesFips?: string | undefined;
  readonly ignoresEndpoints?: string | undefined;
  readonly webIdentityTokenFile?: string | undefined;
}
