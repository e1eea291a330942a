import { platform } from "./definition.ts";
import { manyNested, message, nested, text, textMap } from "./schema.ts";

const buildkitVersion = message({
  package: text(1),
  version: text(2),
  revision: text(3),
  dockerfileVersion: text(4),
});

export const workerRecord = message({
  id: text(1),
  labels: textMap(2),
  platforms: manyNested(platform, 3),
  version: nested(buildkitVersion, 5),
});

export const listWorkersResponse = message({ records: manyNested(workerRecord, 1) });

export const infoResponse = message({ version: nested(buildkitVersion, 1) });
