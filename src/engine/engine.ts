import type { Builder } from "#builds/builder.ts";
import type { Containers } from "#containers/containers.ts";
import type { Images } from "#images/images.ts";
import type { Networks } from "#network/networks.ts";
import type { Metrics } from "#support/metrics.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { Check } from "./doctor.ts";
import type { EventLog } from "./events.ts";
import type { SystemInformation } from "./system-information.ts";

/** Every service of the daemon, opened and closed together. */
export interface Engine extends AsyncDisposable {
  images: Images;
  containers: Containers;
  builder: Builder;
  volumes: Volumes;
  networks: Networks;
  events: EventLog;
  metrics: Metrics;
  /** Rejects when the daemon must end to keep the store's changes. */
  failed: Promise<never>;
  /**
   * Returns a descriptor of the listening socket that containers with the API's socket use. The socket outlives the
   * daemon as long as containers run.
   */
  listenForContainers(): Promise<number>;
  /** Creates the sockets of the zygote and of the monitors again, after the run directory was removed. */
  listenAgain(): Promise<void>;
  /** Describes the machine and how tbox uses it. */
  information(): Promise<SystemInformation>;
  /** Checks the features of this machine, and returns remedies for missing ones. */
  diagnose(): Promise<Check[]>;
  /** Returns the newest release that the configured feed names; undefined without a feed. Nothing else reads the feed. */
  latestRelease(signal: AbortSignal): Promise<string | undefined>;
}
