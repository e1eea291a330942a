import { invalidArgument } from "#support/errors.ts";
import type { ClientCall } from "../grpc/client.ts";
import type { Session } from "./session.ts";

const send = "/moby.filesync.v1.FileSend/DiffCopy";

/** Opens the call through which the client receives an output. `index` is the output's number among those of the build. */
export function openFileSend(session: Session, index: number, signal: AbortSignal): ClientCall {
  if (!session.supports(send)) throw invalidArgument("the client does not accept files");
  return session.client.call(send, { "buildkit-attachable-exporter-id": String(index) }, signal);
}
