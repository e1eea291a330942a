/** Default options of a registry client. */
export const plainRegistry = {
  insecure: [],
  mirrors: {},
  tokenServers: [],
  certificates: [],
  environment: {},
};
