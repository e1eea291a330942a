import { readdir, readFile } from "node:fs/promises";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** Certificates that the user has configured for one host. */
export interface Certificates {
  /** Trusted authorities in addition to those of the system. */
  authorities: string[];
  /** Client certificate and its key. */
  client: { cert: string; key: string } | undefined;
}

/** Files in which distributions keep the trusted authorities. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Reads the certificates of a host from the first of `folders` that contains a folder for the host. In Docker's
 * layout, `*.crt` are authorities; `x.cert` and `x.key` are the client certificate. `host` includes the port, as in a
 * reference.
 */
export async function readCertificates(folders: readonly string[], host: string): Promise<Certificates> {
  for (const folder of folders) {
    const path = `${folder}/${host}`;
    const names = await readdir(path).catch(() => undefined);
    if (names) return readFolder(path, names.sort());
  }
  return { authorities: [], client: undefined };
}

let system: Promise<string | undefined> | undefined;

/** Returns the authorities that the machine trusts; undefined if no known file exists. */
export function systemAuthorities(): Promise<string | undefined> {
  system ??= firstOf(bundles);
  return system;
}

async function firstOf(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

async function readFolder(path: string, names: string[]): Promise<Certificates> {
  const read = async (name: string) => {
    try {
      return await readFile(`${path}/${name}`, "utf8");
    } catch (cause) {
      throw new TboxError("unavailable", `read ${path}/${name}`, { cause });
    }
  };
  const authorities = names.filter((name) => name.endsWith(".crt"));
  const client = names.find((name) => name.endsWith(".cert"));
  const key = client?.replace(/\.cert$/, ".key");
  if (key !== undefined && !names.includes(key)) {
    throw invalidArgument(`${path}/${client}: the key ${key} is missing`);
  }
  return {
    authorities: await Promise.all(authorities.map(read)),
    client:
      client === undefined || key === undefined
        ? undefined
        : { cert: await read(client), key: await read(key) },
  };
}
