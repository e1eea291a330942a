import type { Digest } from "#oci/digest.ts";
import { openLog } from "#support/log.ts";
import type { BuildServices } from "./build-scope.ts";

const log = openLog("buildkit");

/** Milliseconds without a build until images that no output requested are removed. */
const graceTime = 60_000;

/**
 * Images of builds whose result is not an image of the store, such as files for the client. They stay for a while, because
 * the next build of the same client can be based on them.
 */
export interface BuiltImages {
  /** Registers a build; its images stay until it is disposed of. */
  begin(): Disposable;
  /** Registers a new image, which is removed later unless it is kept. */
  add(id: Digest): void;
  /** Keeps an image permanently. */
  keep(id: Digest): void;
}

export function openBuiltImages(images: BuildServices["images"]): BuiltImages {
  const loose = new Set<Digest>();
  let builds = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const clean = async () => {
    for (const id of [...loose]) {
      loose.delete(id);
      const { repoTags, repoDigests } = await images.inspect(id);
      if (repoTags.length > 0 || repoDigests.length > 0) continue;
      await images.remove(id, { force: false, prune: false, signal: new AbortController().signal });
    }
  };
  return {
    begin() {
      builds++;
      clearTimeout(timer);
      return {
        [Symbol.dispose]() {
          if (--builds > 0 || loose.size === 0) return;
          timer = setTimeout(() => {
            // A container may use the image meanwhile.
            clean().catch((error) => log.debug(() => `remove the image of a build: ${error}`));
          }, graceTime);
          timer.unref();
        },
      };
    },
    add: (id) => void loose.add(id),
    keep: (id) => void loose.delete(id),
  };
}
