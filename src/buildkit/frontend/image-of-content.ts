import type { NamedContext } from "#builds/builder.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import type { Platform } from "#oci/platform.ts";
import type { BuildScope } from "./build-scope.ts";

/** Adds an image of a client's content to the store for the time of the build; returns it as a named context. */
export async function imageOfContent(
  { services, signal, vertices, built }: BuildScope,
  { name, remote, platform }: { name: string; remote: RemoteContent; platform: Platform },
): Promise<NamedContext> {
  const title = `[context ${name}] load from ${remote.name}`;
  return vertices.during(title, async (vertex) => {
    const { id, existed } = await services.images.fetchImage(remote, {
      platform,
      signal,
      report: vertex.progress,
    });
    if (!existed) built.add(id);
    return { type: "image", name: id };
  });
}
