import type { CacheUsage } from "#builds/builder.ts";
import { type Services, streaming, unary } from "../grpc/service.ts";
import { emptyMessage, timestampOf } from "../protocol/common.ts";
import {
  diskUsageResponse,
  pruneRequest,
  solveRequest,
  solveResponse,
  statusRequest,
  statusResponse,
  usageRecord,
} from "../protocol/control.ts";
import { healthResponse } from "../protocol/session.ts";
import { infoResponse, listWorkersResponse } from "../protocol/worker.ts";
import { parseSessionHeaders } from "../sessions/session.ts";
import { tunnelOf } from "../sessions/tunnel.ts";
import { parsePrune } from "./prune-request.ts";
import { type ControlState, solve } from "./solve.ts";
import { buildkitVersion, describeWorker } from "./worker.ts";

const service = "/moby.buildkit.v1.Control";
/** `SERVING` of the health check. */
const serving = 1;

/** Returns the handlers of `moby.buildkit.v1.Control` and of the health check. */
export function controlServices(state: ControlState, hostGateway: string | undefined): Services {
  const { builder } = state.services;
  return new Map([
    ["/grpc.health.v1.Health/Check", unary(emptyMessage, healthResponse, () => ({ status: serving }))],
    [
      `${service}/ListWorkers`,
      unary(emptyMessage, listWorkersResponse, () => ({ records: [describeWorker(hostGateway)] })),
    ],
    [`${service}/Info`, unary(emptyMessage, infoResponse, () => ({ version: buildkitVersion }))],
    [
      `${service}/Solve`,
      unary(solveRequest, solveResponse, async (request, { signal }) => ({
        exporterResponse: await solve(state, request, signal),
      })),
    ],
    [
      `${service}/Status`,
      streaming(statusRequest, statusResponse, ({ ref }, { signal }) => state.jobs.log(ref).read(signal)),
    ],
    [
      `${service}/Session`,
      async (call) => {
        const { client } = state.sessions.add(parseSessionHeaders(call.metadata), tunnelOf(call));
        // The call lasts as long as the session.
        await new Promise<void>((resolve) => {
          for (const signal of [call.signal, client.closed]) {
            if (signal.aborted) resolve();
            signal.addEventListener("abort", () => resolve(), { once: true });
          }
        });
      },
    ],
    [
      `${service}/DiskUsage`,
      unary(emptyMessage, diskUsageResponse, async () => ({
        records: (await builder.usage()).map(shapeUsage),
      })),
    ],
    [
      `${service}/Prune`,
      streaming(pruneRequest, usageRecord, async function* (request) {
        const before = new Map((await builder.usage()).map((one) => [one.id, one]));
        const { ids } = await builder.prune(parsePrune(request));
        for (const usage of ids.flatMap((id) => before.get(id) ?? [])) yield shapeUsage(usage);
      }),
    ],
  ]);
}

function shapeUsage({ id, type, description, size, created, lastUsed, uses, shared, inUse }: CacheUsage) {
  return {
    id,
    inUse,
    size,
    createdAt: timestampOf(created),
    lastUsedAt: timestampOf(lastUsed),
    usageCount: uses,
    description,
    recordType: type,
    shared,
  };
}
