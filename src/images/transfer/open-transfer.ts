import { familiarName, withDefaultTag } from "#oci/reference.ts";
import { checkLogin } from "#registry/access/check-login.ts";
import type { ImageServices } from "../services.ts";
import { fetchImage } from "./fetch-image.ts";
import type { ImageTransfer } from "./image-transfer.ts";
import { inspectRemoteImage } from "./inspect-remote.ts";
import { pull, pullAllTags } from "./pull.ts";
import { push } from "./push.ts";
import { fetchLayer, openRemote, readRemote } from "./remote-content.ts";
import { searchImages } from "./search.ts";

/** Opens the transfers. `collect` removes the compressed layers of a push, which the registry has now. */
export function openTransfer(services: ImageServices, collect: () => Promise<void>): ImageTransfer {
  const notify = (action: "pull" | "push", name: string) => services.notify(action, name, name);
  return {
    async *pull(reference, options) {
      yield* pull(services, reference, options);
      notify("pull", familiarName(withDefaultTag(reference)));
    },
    async *pullAllTags(reference, options) {
      yield* pullAllTags(services, reference, options);
      notify("pull", familiarName(reference));
    },
    async *push(reference, options) {
      yield* push(services, reference, options);
      await collect();
      notify("push", familiarName(reference));
    },
    inspectRemote: (reference, options) => inspectRemoteImage(services, reference, options),
    search: (term, options) => searchImages(services, term, options),
    openRemote: (reference, credentials) => openRemote(services, reference, credentials),
    readRemote: (remote, document, signal) => readRemote(services, remote, document, signal),
    fetchLayer: (remote, layer, signal) => fetchLayer(services, remote, layer, signal),
    fetchImage: (remote, options) => fetchImage(services, remote, options),
    logIn: (domain, credentials, signal) => checkLogin(domain, credentials, services.registry, signal),
  };
}
