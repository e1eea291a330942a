import { timestamp } from "./common.ts";
import { definition, sourceInfo, sourceRange } from "./definition.ts";
import {
  bytes,
  type Decoded,
  flag,
  integer,
  manyBytes,
  manyNested,
  message,
  nested,
  nestedMap,
  text,
  textMap,
  texts,
} from "./schema.ts";

/** Messages of `moby.buildkit.v1.Control`. */

const cacheEntry = message({ type: text(1), attributes: textMap(2) });
const cacheOptions = message({ exports: manyNested(cacheEntry, 4), imports: manyNested(cacheEntry, 5) });
const exporter = message({ type: text(1), attributes: textMap(2) });

export const solveRequest = message({
  ref: text(1),
  definition: nested(definition, 2),
  oldExporter: text(3),
  oldExporterAttributes: textMap(4),
  session: text(5),
  frontend: text(6),
  frontendAttributes: textMap(7),
  cache: nested(cacheOptions, 8),
  entitlements: texts(9),
  frontendInputs: nestedMap(definition, 10),
  sourcePolicy: nested(message({}), 12),
  exporters: manyNested(exporter, 13),
  sourcePolicySession: text(15),
  proxyNetwork: flag(17),
});
export type SolveRequest = Decoded<typeof solveRequest>;

export const solveResponse = message({ exporterResponse: textMap(1) });

export const statusRequest = message({ ref: text(1) });

const vertex = message({
  digest: text(1),
  inputs: texts(2),
  name: text(3),
  cached: flag(4),
  started: nested(timestamp, 5),
  completed: nested(timestamp, 6),
  error: text(7),
});

const vertexStatus = message({
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: integer(4),
  total: integer(5),
  timestamp: nested(timestamp, 6),
  started: nested(timestamp, 7),
  completed: nested(timestamp, 8),
});

const vertexLog = message({
  vertex: text(1),
  timestamp: nested(timestamp, 2),
  stream: integer(3),
  data: bytes(4),
});

const vertexWarning = message({
  vertex: text(1),
  level: integer(2),
  short: bytes(3),
  detail: manyBytes(4),
  url: text(5),
  info: nested(sourceInfo, 6),
  ranges: manyNested(sourceRange, 7),
});

export const statusResponse = message({
  vertexes: manyNested(vertex, 1),
  statuses: manyNested(vertexStatus, 2),
  logs: manyNested(vertexLog, 3),
  warnings: manyNested(vertexWarning, 4),
});
export type StatusResponse = Partial<Decoded<typeof statusResponse>>;

export const usageRecord = message({
  id: text(1),
  mutable: flag(2),
  inUse: flag(3),
  size: integer(4),
  createdAt: nested(timestamp, 6),
  lastUsedAt: nested(timestamp, 7),
  usageCount: integer(8),
  description: text(9),
  recordType: text(10),
  shared: flag(11),
});

export const diskUsageResponse = message({ records: manyNested(usageRecord, 1) });

export const pruneRequest = message({
  filter: texts(1),
  all: flag(2),
  keepDuration: integer(3),
  reservedSpace: integer(4),
  maxUsedSpace: integer(5),
  minFreeSpace: integer(6),
});
