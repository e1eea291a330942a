/** Credentials of a user for one registry: a user name and password, or a token. */
export interface RegistryCredentials {
  username?: string | undefined;
  password?: string | undefined;
  /** A refresh token, in place of a password. */
  identityToken?: string | undefined;
  /** A token for the registry itself, which is sent as it is. */
  registryToken?: string | undefined;
}
