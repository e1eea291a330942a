import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { GrpcError, statusCode } from "../grpc/grpc-error.ts";
import { bytesMessage, emptyMessage } from "../protocol/common.ts";
import {
  checkAgentRequest,
  credentialsRequest,
  credentialsResponse,
  secretRequest,
  secretResponse,
} from "../protocol/session.ts";
import type { Session } from "./session.ts";

const getSecret = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const getCredentials = "/moby.filesync.v1.Auth/Credentials";
const checkAgent = "/moby.sshforward.v1.SSH/CheckAgent";
const pullUpload = "/moby.upload.v1.Upload/Pull";

/** Key under which clients keep the credentials of Docker Hub. */
const hubKey = "registry-1.docker.io";

/** Asks the client for a secret; returns undefined for an unknown ID. */
export async function secretOf(
  session: Session,
  id: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const method = { path: getSecret, request: secretRequest, response: secretResponse, signal };
  const found = await orMissing(session.client.unary(method, { id }));
  return found?.data;
}

/** Asks the client for the credentials of a registry. */
export async function credentialsOf(
  session: Session,
  domain: string,
  signal: AbortSignal,
): Promise<RegistryCredentials | undefined> {
  const method = { path: getCredentials, request: credentialsRequest, response: credentialsResponse, signal };
  const host = domain === "docker.io" ? hubKey : domain;
  const found = await orMissing(session.client.unary(method, { host }));
  if (!found || found.secret === "") return undefined;
  // A client without a user name sends an identity token.
  return found.username === ""
    ? { identityToken: found.secret }
    : { username: found.username, password: found.secret };
}

/** Tests whether the client forwards an SSH agent with an ID. */
export async function hasAgent(session: Session, id: string, signal: AbortSignal): Promise<boolean> {
  if (!session.supports(checkAgent)) return false;
  const method = { path: checkAgent, request: checkAgentRequest, response: emptyMessage, signal };
  try {
    await session.client.unary(method, { id });
    return true;
  } catch (error) {
    // Clients answer an unknown ID without a code of its own.
    if (error instanceof GrpcError && isUnknown(error.code)) return false;
    throw error;
  }
}

/** Yields the bytes that a client uploads for an address `http://buildkit-session/…`. */
export async function* uploadOf(session: Session, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  using call = session.client.call(pullUpload, { urlpath: url.pathname, urlhost: url.host }, signal);
  for await (const message of call.messages) yield bytesMessage.decode(message).data;
}

async function orMissing<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    // Clients need not announce their methods, so only the call can show that one is missing.
    const missing: number[] = [statusCode.notFound, statusCode.unimplemented];
    if (error instanceof GrpcError && missing.includes(error.code)) return undefined;
    throw error;
  }
}

function isUnknown(code: number): boolean {
  return code === statusCode.unknown || code === statusCode.notFound;
}
