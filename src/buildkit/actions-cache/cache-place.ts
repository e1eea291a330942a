import { type Digest, digestOf, splitDigest } from "#oci/digest.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { ActionsCacheOptions } from "./options.ts";
import type { CacheService } from "./service.ts";
import { serviceV1 } from "./service-v1.ts";
import { serviceV2 } from "./service-v2.ts";
import { readScopes, type TokenScope } from "./token.ts";

/** An open connection to the service, and the scopes that the workflow may use. */
export interface CachePlace {
  options: ActionsCacheOptions;
  scopes: TokenScope[];
  connection: Connection;
  service: CacheService;
}

/** Opens the place of a build cache; throws unauthorized if the token is not valid. */
export function openPlace(options: ActionsCacheOptions): CachePlace {
  const connection = openConnection(options);
  const open = options.version === 2 ? serviceV2 : serviceV1;
  const scopes = readScopes(options.token);
  return { options, scopes, connection, service: open(connection, options.url) };
}

export const blobPrefix = "buildkit-blob-1-";

export function blobKey(digest: Digest): string {
  return `${blobPrefix}${digest}`;
}

/** Returns the key of the index of a scope; a number after it makes each version's key unique. */
export function indexKey({ options }: CachePlace, { name }: TokenScope): string {
  return `index-${options.scope}-1-${splitDigest(digestOf(name)).hex.slice(0, 8)}#`;
}
