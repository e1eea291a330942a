import { applyChanges } from "#builds/plan/apply-changes.ts";
import { openImages } from "#images/open-images.ts";
import { builtFile } from "#native/addon/files.ts";
import { openNetworks } from "#network/open-networks.ts";
import { openLog } from "#support/log.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import type { Foundations } from "./foundations.ts";

/** Opens the images, volumes and networks that containers and builds use. */
export async function openResources(foundations: Foundations, resources: AsyncDisposableStack) {
  const { config, safe, content, layers, zygote, events, uses, trash, measure, defer } = foundations;
  const images = await openImages({
    database: safe,
    content,
    layers,
    registry: config.registry,
    helloProgram: builtFile("hello"),
    uses,
    applyChanges,
    defer,
    warn: openLog("images").warn,
    notify: (action, id, attributes) => events.publish({ type: "image", action, id, attributes }),
  });
  const volumes = openVolumes({
    database: safe,
    store: config.dataDirectory,
    uses,
    discard: trash.discard,
    measure,
    warn: openLog("volumes").warn,
    notify: (action, name, attributes = {}) =>
      events.publish({ type: "volume", action, id: name, attributes: { driver: "local", ...attributes } }),
  });
  const networks = resources.use(
    openNetworks({
      database: safe,
      zygote,
      uses,
      defer,
      notify: (action, { id, name, driver }) =>
        events.publish({ type: "network", action, id, attributes: { name, type: driver } }),
      warn: openLog("network").warn,
    }),
  );
  return { images, volumes, networks };
}
