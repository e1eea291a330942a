import type { BuildLine, CheckLineAnswer } from "./builds.ts";
import type { ContainerInspect } from "./container-inspect.ts";
import type { StatsSample } from "./container-stats.ts";
import type { ContainerSummary } from "./container-summary.ts";
import type {
  ContainerCreated,
  ContainerExit,
  ContainerUpdated,
  Created,
  FileChange,
  ProcessTable,
} from "./containers.ts";
import type { DiskUsageAnswer } from "./disk-usage.ts";
import type { ExecInspect } from "./execs.ts";
import type {
  HistoryStep,
  ImageInspect,
  ImageSearchResult,
  ImageSummary,
  ManifestAnswer,
  RemovedImageAnswer,
} from "./images.ts";
import type { NetworkCreated, NetworkInspect } from "./networks.ts";
import type { LoadLine, ProgressLine } from "./progress.ts";
import type { BuildsPruned, ContainersPruned, ImagesPruned, NetworksPruned, VolumesPruned } from "./prune.ts";
import type {
  DoctorAnswer,
  EventLine,
  InfoAnswer,
  LoginAnswer,
  ReleaseAnswer,
  VersionAnswer,
} from "./system.ts";
import type { VolumeInspect, VolumeList } from "./volumes.ts";

/** Answers that are one JSON value, by endpoint; `{name}` is the name or ID of an object. */
export interface JsonAnswers {
  "GET /containers/json": ContainerSummary[];
  "POST /containers/create": ContainerCreated;
  "GET /containers/{name}/json": ContainerInspect;
  "GET /containers/{name}/top": ProcessTable;
  "GET /containers/{name}/changes": FileChange[] | null;
  /** One sample with `stream=0`. */
  "GET /containers/{name}/stats": StatsSample;
  "POST /containers/{name}/wait": ContainerExit;
  "POST /containers/{name}/update": ContainerUpdated;
  "POST /containers/{name}/exec": Created;
  "POST /containers/prune": ContainersPruned;
  "POST /commit": Created;
  "GET /exec/{name}/json": ExecInspect;
  "GET /images/json": ImageSummary[];
  "GET /images/search": ImageSearchResult[];
  "GET /images/{name}/json": ImageInspect;
  "GET /images/{name}/history": HistoryStep[];
  "DELETE /images/{name}": RemovedImageAnswer[];
  "POST /images/prune": ImagesPruned;
  "GET /networks": NetworkInspect[];
  "GET /networks/{name}": NetworkInspect;
  "POST /networks/create": NetworkCreated;
  "POST /networks/prune": NetworksPruned;
  "GET /volumes": VolumeList;
  "GET /volumes/{name}": VolumeInspect;
  "POST /volumes/create": VolumeInspect;
  "POST /volumes/prune": VolumesPruned;
  "POST /build/prune": BuildsPruned;
  "GET /info": InfoAnswer;
  "GET /version": VersionAnswer;
  "GET /system/df": DiskUsageAnswer;
  "POST /auth": LoginAnswer;
  "GET /tbox/manifests/{name}": ManifestAnswer;
  "GET /tbox/doctor": DoctorAnswer;
  "GET /tbox/release": ReleaseAnswer;
}

/** Answers that have one JSON object per line, by endpoint. */
export interface LineAnswers {
  "GET /containers/{name}/stats": StatsSample;
  "GET /events": EventLine;
  "POST /images/create": ProgressLine;
  "POST /images/{name}/push": ProgressLine;
  "POST /images/load": LoadLine;
  "POST /tbox/build": BuildLine;
  "POST /tbox/check": CheckLineAnswer;
}
