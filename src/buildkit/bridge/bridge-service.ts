import type { IncomingHttpHeaders } from "node:http2";
import { TboxError } from "#support/errors.ts";
import type { Job } from "../control/jobs.ts";
import type { ControlState } from "../control/solve.ts";
import { describeWorker } from "../control/worker.ts";
import { runFrontend } from "../frontend/run-frontend.ts";
import { errorOfStatus } from "../grpc/grpc-error.ts";
import { type ServerCall, type Services, unary } from "../grpc/service.ts";
import { emptyMessage } from "../protocol/common.ts";
import {
  type BridgeSolveRequest,
  bridgeSolveRequest,
  bridgeSolveResponse,
  pongResponse,
  readDirectoryRequest,
  readDirectoryResponse,
  readFileRequest,
  readFileResponse,
  returnRequest,
  statFileRequest,
  statFileResponse,
} from "../protocol/gateway.ts";
import { capabilities } from "./capabilities.ts";
import { readDirectory, readFile, statFile } from "./result-files.ts";
import { solveDefinition } from "./solve-definition.ts";

const service = "/moby.buildkit.v1.frontend.LLBBridge";

/** Returns the handlers of `moby.buildkit.v1.frontend.LLBBridge`, through which a client's front end uses a build. */
export function bridgeServices(state: ControlState, hostGateway: string | undefined): Services {
  const jobOf = ({ metadata, signal }: ServerCall) => state.jobs.find(buildOf(metadata), signal);
  return new Map([
    [
      `${service}/Ping`,
      unary(emptyMessage, pongResponse, async (_, call) => {
        await jobOf(call);
        return {
          frontendCapabilities: capabilities.frontend,
          definitionCapabilities: capabilities.definition,
          workers: [describeWorker(hostGateway)],
        };
      }),
    ],
    [
      `${service}/Solve`,
      unary(bridgeSolveRequest, bridgeSolveResponse, async (request, call) => ({
        result: await solveInBridge(state, request, await jobOf(call)),
      })),
    ],
    [
      `${service}/Return`,
      unary(returnRequest, emptyMessage, async ({ result, error }, call) => {
        const job = await jobOf(call);
        job.finish(error?.code ? { error: errorOfStatus(error) } : { result: result ?? {} });
        return {};
      }),
    ],
    // A result is complete when `Solve` returns it.
    [`${service}/Evaluate`, unary(emptyMessage, emptyMessage, () => ({}))],
    [`${service}/Warn`, unary(emptyMessage, emptyMessage, () => ({}))],
    [
      `${service}/ReadFile`,
      unary(readFileRequest, readFileResponse, async (request, call) =>
        readFile((await jobOf(call)).scope, request),
      ),
    ],
    [
      `${service}/StatFile`,
      unary(statFileRequest, statFileResponse, async (request, call) =>
        statFile((await jobOf(call)).scope, request),
      ),
    ],
    [
      `${service}/ReadDir`,
      unary(readDirectoryRequest, readDirectoryResponse, async (request, call) =>
        readDirectory((await jobOf(call)).scope, request),
      ),
    ],
  ]);
}

function solveInBridge(state: ControlState, request: BridgeSolveRequest, { scope, settings }: Job) {
  const { built } = state;
  const { frontend, frontendOptions: options, frontendInputs: inputs, definition } = request;
  if (frontend !== "") return runFrontend(scope, { frontend, options, inputs }, { settings, built });
  return solveDefinition(scope, definition ?? {}, { settings, built });
}

/** Returns the reference of the build that a call belongs to. */
function buildOf(metadata: IncomingHttpHeaders): string {
  const id = metadata["buildkit-controlapi-buildid"];
  if (typeof id === "string" && id !== "") return id;
  throw new TboxError(
    "invalid-argument",
    "the call belongs to no build: buildkit-controlapi-buildid is missing",
  );
}
