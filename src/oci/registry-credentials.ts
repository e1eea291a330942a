/** Credentials of a user for one registry: a user name and password, or a token. */
export interface RegistryCredentials {
  username?: string | undefined;
  password?: string | undefined;
  /** Refresh token, used instead of a password. */
  identityToken?: string | undefined;
  /** Bearer token for the registry itself, sent unchanged. */
  registryToken?: string | undefined;
}
