import { readdir, readFile } from "node:fs/promises";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** What the user trusts a host with, and shows it. */
export interface Certificates {
  /** Authorities, beside those of the system. */
  authorities: string[];
  /** The client's certificate and its key, both or neither. */
  own: { cert: string; key: string } | undefined;
}

/** Where distributions keep the authorities that the machine trusts, as one file. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Reads a host's folder below the first of `folders` that has one, as Docker lays it out: `*.crt` are
 * authorities, `x.cert` with `x.key` is the client's own certificate. `host` is as in a reference, with its port.
 */
export async function readCertificates(folders: readonly string[], host: string): Promise<Certificates> {
  for (const folder of folders) {
    const path = `${folder}/${host}`;
    const names = await readdir(path).catch(() => undefined);
    if (names) return readFolder(path, names.sort());
  }
  return { authorities: [], own: undefined };
}

let system: Promise<string | undefined> | undefined;

/** The authorities that the machine trusts; nothing when they are nowhere to be found. */
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
  const own = names.find((name) => name.endsWith(".cert"));
  const key = own?.replace(/\.cert$/, ".key");
  if (key !== undefined && !names.includes(key)) {
    throw invalidArgument(`${path}/${own}: its key ${key} is missing`);
  }
  return {
    authorities: await Promise.all(authorities.map(read)),
    own: own === undefined || key === undefined ? undefined : { cert: await read(own), key: await read(key) },
  };
}
