import type { ContainerAdministration } from "./admin/container-administration.ts";
import type { BuildContainers } from "./build-steps/build-containers.ts";
import type { Execs } from "./exec/execs.ts";
import type { ContainerFiles } from "./files/container-files.ts";
import type { ContainerLifecycle } from "./lifecycle/container-lifecycle.ts";
import type { ContainerNetworking } from "./networking/container-networking.ts";
import type { ContainerQueries } from "./state/container-queries.ts";
import type { ContainerStreams } from "./streams/container-streams.ts";

/** Containers of a store, one property for each role. Consumers take only the roles that they use. */
export interface Containers extends AsyncDisposable {
  queries: ContainerQueries;
  lifecycle: ContainerLifecycle;
  streams: ContainerStreams;
  files: ContainerFiles;
  networking: ContainerNetworking;
  execs: Execs;
  admin: ContainerAdministration;
  builds: BuildContainers;
}
