import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { registryAuths } from "#client/credentials/credentials.ts";
import { packFiles } from "../archives/pack-files.ts";
import { printWarning } from "../output/output.ts";

const socket = "/var/run/docker.sock";
const configDirectory = "/run/secrets/docker";

/** A create request with access to the API. */
export interface RequestWithSocket {
  body: Record<string, unknown>;
  /** Tar archive with the credentials of the caller's registries, for the container's root. Absent without credentials. */
  archive?: Uint8Array;
}

/** Adds the API's socket and the credentials of the caller's registries to the body of a create request. */
export async function withApiSocket(body: Record<string, unknown>): Promise<RequestWithSocket> {
  // Only the user's process can run credential helpers.
  needOwnProcess();
  const host = asObject(body.HostConfig);
  const mount = { Type: "bind", Source: socket, Target: socket };
  const HostConfig = { ...host, Mounts: [...asList(host.Mounts), mount] };
  const auths = await dockerAuths();
  if (Object.keys(auths).length === 0) return { body: { ...body, HostConfig } };
  const Env = [...asList(body.Env), `DOCKER_CONFIG=${configDirectory}`];
  const path = `${configDirectory.slice(1)}/config.json`;
  const archive = await packFiles([
    { path, mode: 0o600, content: `${JSON.stringify({ auths }, null, "\t")}\n` },
  ]);
  return { body: { ...body, HostConfig, Env }, archive };
}

/** Returns `auths` of Docker's configuration file for every registry with credentials. */
async function dockerAuths(): Promise<Record<string, object>> {
  const found = await registryAuths(printWarning);
  const entries = Object.entries(found).map(([key, encoded]) => {
    const {
      username = "",
      password = "",
      identitytoken,
    } = asObject(JSON.parse(Buffer.from(encoded, "base64url").toString()));
    if (identitytoken) return [key, { identitytoken }] as const;
    return [key, { auth: Buffer.from(`${username}:${password}`).toString("base64") }] as const;
  });
  return Object.fromEntries(entries);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
