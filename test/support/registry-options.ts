/** A registry client that has been told nothing. */
export const plainRegistry = {
  insecure: [],
  mirrors: {},
  tokenServers: [],
  certificates: [],
  environment: {},
};
