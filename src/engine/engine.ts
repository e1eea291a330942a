import type { Containers } from "#containers/containers.ts";
import type { Images } from "#images/images.ts";
import type { SystemInformation } from "./system-information.ts";

/** Every service of the daemon, opened and closed together. */
export interface Engine extends AsyncDisposable {
  images: Images;
  containers: Containers;
  information(): Promise<SystemInformation>;
}
