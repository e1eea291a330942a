import { rpcStatus } from "./common.ts";
import { definition } from "./definition.ts";
import { stat } from "./files.ts";
import {
  bytes,
  bytesMap,
  type Decoded,
  flag,
  integer,
  manyNested,
  message,
  nested,
  nestedMap,
  text,
  textMap,
} from "./schema.ts";
import { workerRecord } from "./worker.ts";

/** Messages of `moby.buildkit.v1.frontend.LLBBridge`. */

const capability = message({ id: text(1), enabled: flag(2) });

export const pongResponse = message({
  frontendCapabilities: manyNested(capability, 1),
  definitionCapabilities: manyNested(capability, 2),
  workers: manyNested(workerRecord, 3),
});

const reference = message({ id: text(1), definition: nested(definition, 2) });
const references = message({ references: nestedMap(reference, 1) });

const result = message({
  oldReference: text(1),
  reference: nested(reference, 3),
  references: nested(references, 4),
  metadata: bytesMap(10),
});
export type BridgeResult = Partial<Decoded<typeof result>>;

export const bridgeSolveRequest = message({
  definition: nested(definition, 1),
  frontend: text(2),
  frontendOptions: textMap(3),
  frontendInputs: nestedMap(definition, 13),
  evaluate: flag(14),
});
export type BridgeSolveRequest = Decoded<typeof bridgeSolveRequest>;

export const bridgeSolveResponse = message({ ref: text(1), result: nested(result, 3) });

export const returnRequest = message({ result: nested(result, 1), error: nested(rpcStatus, 2) });

const fileRange = message({ offset: integer(1), length: integer(2) });

export const readFileRequest = message({ ref: text(1), path: text(2), range: nested(fileRange, 3) });
export const readFileResponse = message({ data: bytes(1) });

export const readDirectoryRequest = message({ ref: text(1), path: text(2), includePattern: text(3) });
export const readDirectoryResponse = message({ entries: manyNested(stat, 1) });

export const statFileRequest = message({ ref: text(1), path: text(2) });
export const statFileResponse = message({ stat: nested(stat, 1) });
