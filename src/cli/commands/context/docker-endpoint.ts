import { readFileSync } from "node:fs";
import {
  type ContextMetadata,
  findContext,
  readTlsFiles,
  type TlsFileName,
  type TlsFiles,
} from "#client/contexts/context-store.ts";
import { defaultContext } from "#client/contexts/current-context.ts";
import { parseEndpoint } from "#client/contexts/endpoint.ts";
import { ownSocket } from "#client/daemon/socket-path.ts";
import { parseBool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";

/** The daemon of a context, and the files for its TLS connection. */
export interface DockerEndpoint {
  endpoint: { Host: string; SkipTLSVerify: boolean };
  files: TlsFiles;
}

const fileFields: Readonly<Record<string, TlsFileName>> = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };

/** Parses the fields of `--docker`: `host=…,ca=…,cert=…,key=…,skip-tls-verify=…`, or `from=CONTEXT`. */
export async function parseDockerEndpoint(fields: readonly string[]): Promise<DockerEndpoint> {
  const given = new Map(
    fields
      .flatMap((text) => text.split(","))
      .map((field) => {
        const at = field.indexOf("=");
        return at === -1 ? ([field, ""] as const) : ([field.slice(0, at), field.slice(at + 1)] as const);
      }),
  );
  const known = ["from", "host", "skip-tls-verify", ...Object.keys(fileFields)];
  const unknown = [...given.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ExitError(`unrecognized config key: ${unknown}`, 1);
  const source = given.get("from");
  if (source !== undefined) return copyEndpoint(source);
  const host = given.get("host");
  if (host === undefined) throw new ExitError("docker endpoint configuration is required: host=ADDRESS", 1);
  parseEndpoint(host);
  const files = Object.entries(fileFields).flatMap(([field, file]) => {
    const path = given.get(field);
    return path === undefined || path === "" ? [] : [[file, readPem(path)] as const];
  });
  const skip = parseBool(given.get("skip-tls-verify") ?? "false");
  return { endpoint: { Host: host, SkipTLSVerify: skip }, files: Object.fromEntries(files) };
}

/** Returns the daemon of another context. */
export async function copyEndpoint(name: string): Promise<DockerEndpoint> {
  if (name === defaultContext) {
    const Host = `unix://${(await ownSocket()).path}`;
    return { endpoint: { Host, SkipTLSVerify: false }, files: {} };
  }
  const context = findContext(process.env, name);
  const endpoint = { Host: context.host, SkipTLSVerify: context.skipVerify };
  return { endpoint, files: readTlsFiles(context) };
}

/** Returns the metadata of a context with a daemon. */
export function metadataOf(
  name: string,
  description: string | undefined,
  { endpoint }: DockerEndpoint,
): ContextMetadata {
  return {
    Name: name,
    Metadata: description === undefined || description === "" ? {} : { Description: description },
    Endpoints: { docker: endpoint },
  };
}

function readPem(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ExitError(error instanceof Error ? error.message : `cannot read ${path}`, 1);
  }
}
