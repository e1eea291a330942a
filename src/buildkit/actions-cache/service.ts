import { digestOf, splitDigest } from "#oci/digest.ts";

/** An entry of the cache service. */
export interface CacheEntry {
  key: string;
  /** Address of the bytes, for a limited time. */
  address: string;
}

/** A reserved key, and where its bytes go. */
export interface Upload {
  /** Sends bytes that begin at an offset. */
  write(bytes: Uint8Array<ArrayBuffer>, offset: number): Promise<void>;
  /** Makes the entry visible. */
  finish(): Promise<void>;
}

/** The cache service of GitHub Actions. Each key is written once. */
export interface CacheService {
  /** Returns the newest entry whose key begins with a prefix. */
  find(prefix: string, signal: AbortSignal): Promise<CacheEntry | undefined>;
  /** Reserves a key for a number of bytes; undefined if the key exists. */
  reserve(key: string, size: number, signal: AbortSignal): Promise<Upload | undefined>;
}

/** The version of all entries of BuildKit; entries of other versions are invisible. */
export const entryVersion: string = splitDigest(digestOf("|go-actionscache-1.0")).hex;

/** Returns an entry if its key begins with a prefix. Some servers have no case in keys. */
export function entryOf(key: unknown, address: unknown, prefix: string): CacheEntry | undefined {
  if (typeof key !== "string" || typeof address !== "string") return undefined;
  return key.toLowerCase().startsWith(prefix.toLowerCase()) ? { key, address } : undefined;
}

/** Returns the address of a resource below the base of a service. */
export function below({ href }: URL, path: string): URL {
  return new URL(`${href.replace(/[?#].*$/s, "").replace(/\/+$/, "")}/${path}`);
}

/** Returns JSON as the body of a request. */
export function jsonBody(value: object): { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> } {
  return {
    headers: { "Content-Type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}
