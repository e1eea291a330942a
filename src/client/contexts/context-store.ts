import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { isRecord } from "#support/json.ts";
import { dockerConfigPath } from "../credentials/docker-config.ts";
import type { JsonObject } from "../json.ts";
import { defaultContext } from "./current-context.ts";
import type { TlsOptions } from "./endpoint.ts";

type Environment = Record<string, string | undefined>;

/** Metadata of a context, as Docker's client stores it. Fields that tbox does not know are kept. */
export interface ContextMetadata {
  Name: string;
  Metadata?: JsonObject;
  Endpoints?: JsonObject;
}

/** A stored context. */
export interface StoredContext {
  name: string;
  description: string;
  host: string;
  skipVerify: boolean;
  metadata: ContextMetadata;
  /** Directories of the metadata and of the TLS files. */
  directory: string;
  tlsDirectory: string;
}

/** Contents of the TLS files of a context. */
export type TlsFiles = Partial<Record<TlsFileName, Uint8Array>>;

export type TlsFileName = "ca.pem" | "cert.pem" | "key.pem";

/** Lists the contexts of Docker's client, by name. Other directories are left out. */
export function listContexts(environment: Environment): StoredContext[] {
  const meta = `${root(environment)}/meta`;
  if (!existsSync(meta)) return [];
  const found = readdirSync(meta).flatMap((id) => {
    const context = read(environment, id);
    return context === undefined ? [] : [context];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns a stored context. Throws not-found when there is none. */
export function findContext(environment: Environment, name: string): StoredContext {
  const context = read(environment, idOf(name));
  if (context === undefined)
    throw new TboxError("not-found", `context "${name}" does not exist: see tbox context ls`);
  return context;
}

/** Reports whether a context is stored. */
export function hasContext(environment: Environment, name: string): boolean {
  return existsSync(`${root(environment)}/meta/${idOf(name)}/meta.json`);
}

/** Stores a context; replaces one with the same name. The keys are readable by the user only. */
export function saveContext(environment: Environment, metadata: ContextMetadata, files: TlsFiles): void {
  checkName(metadata.Name);
  const id = idOf(metadata.Name);
  const directory = `${root(environment)}/meta/${id}`;
  const tls = tlsDirectory(environment, id);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  rmSync(tls, { recursive: true, force: true });
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(tls, { recursive: true, mode: 0o700 });
    writeFileSync(`${tls}/${name}`, bytes, { mode: 0o600 });
  }
  const temporary = `${directory}/meta.json~`;
  writeFileSync(temporary, JSON.stringify(metadata), { mode: 0o644 });
  renameSync(temporary, `${directory}/meta.json`);
}

/** Removes a context and its TLS files. */
export function removeContext(environment: Environment, name: string): void {
  const id = idOf(name);
  for (const kind of ["meta", "tls"]) {
    rmSync(`${root(environment)}/${kind}/${id}`, { recursive: true, force: true });
  }
}

/** Returns the TLS files of a context; undefined if it has none. */
export function tlsOf({ tlsDirectory, skipVerify }: StoredContext): TlsOptions | undefined {
  const path = (name: TlsFileName) => {
    const file = `${tlsDirectory}/${name}`;
    return existsSync(file) ? file : undefined;
  };
  const [ca, cert, key] = [path("ca.pem"), path("cert.pem"), path("key.pem")];
  if (ca === undefined && cert === undefined && key === undefined && !skipVerify) return undefined;
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), skipVerify };
}

/** Reads the TLS files of a context. */
export function readTlsFiles(context: StoredContext): TlsFiles {
  const { ca, cert, key } = tlsOf(context) ?? {};
  return {
    ...(ca ? { "ca.pem": readFileSync(ca) } : {}),
    ...(cert ? { "cert.pem": readFileSync(cert) } : {}),
    ...(key ? { "key.pem": readFileSync(key) } : {}),
  };
}

/** Parses the metadata of a context. Throws invalid-argument; `origin` is the file. */
export function parseMetadata(text: string, origin: string): ContextMetadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`${origin} is not JSON`, cause);
  }
  if (!isRecord(value) || typeof value.Name !== "string") throw invalidArgument(`${origin} is not a context`);
  const { Name, Metadata, Endpoints, ...others } = value;
  return {
    ...others,
    Name,
    Metadata: isRecord(Metadata) ? Metadata : {},
    Endpoints: isRecord(Endpoints) ? Endpoints : {},
  };
}

/** Throws invalid-argument for a name that Docker's client does not accept. */
export function checkName(name: string): void {
  if (name === defaultContext) throw invalidArgument(`"${defaultContext}" is a reserved context name`);
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name)) return;
  throw invalidArgument(
    `context name "${name}" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
  );
}

function read(environment: Environment, id: string): StoredContext | undefined {
  const directory = `${root(environment)}/meta/${id}`;
  const path = `${directory}/meta.json`;
  if (!existsSync(path)) return undefined;
  const metadata = parseMetadata(readFileSync(path, "utf8"), path);
  const { Endpoints = {}, Metadata = {} } = metadata;
  const endpoint = isRecord(Endpoints.docker) ? Endpoints.docker : {};
  return {
    name: metadata.Name,
    description: typeof Metadata.Description === "string" ? Metadata.Description : "",
    host: typeof endpoint.Host === "string" ? endpoint.Host : "",
    skipVerify: endpoint.SkipTLSVerify === true,
    metadata,
    directory,
    tlsDirectory: tlsDirectory(environment, id),
  };
}

function root(environment: Environment): string {
  return `${dockerConfigPath(environment).replace(/\/[^/]*$/, "")}/contexts`;
}

function tlsDirectory(environment: Environment, id: string): string {
  return `${root(environment)}/tls/${id}/docker`;
}

/** Returns the directory's name: Docker's client uses the digest of the context's name. */
function idOf(name: string): string {
  return new Bun.CryptoHasher("sha256").update(name).digest("hex");
}
