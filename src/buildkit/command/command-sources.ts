import type { BuildRequest, CacheImages, NamedContext } from "#builds/builder.ts";
import { contextName } from "#builds/plan/context-name.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { formatPlatform, type Platform } from "#oci/platform.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import { type CacheImport, readCacheImport } from "../frontend/cache-options.ts";
import { imageOfContent } from "../frontend/image-of-content.ts";
import type { FrontendOptions } from "../frontend/options.ts";
import { actionsCaches } from "../frontend/remote-caches.ts";
import type { CommandBuild, TypedAttributes } from "./command-build.ts";
import { type LayoutContent, openLayout } from "./layout-directory.ts";

/** Returns a function that returns the named contexts for a platform. */
export function commandContexts(
  scope: BuildScope,
  given: CommandBuild["contexts"],
): (platform: Platform) => Promise<BuildRequest["contexts"]> {
  return async (platform) => {
    const entries = Object.entries(given).map(
      async ([name, value]) =>
        [contextName(name), await contextOf(scope, { name, value, platform })] as const,
    );
    return new Map(await Promise.all(entries));
  };
}

async function contextOf(
  scope: BuildScope,
  { name, value, platform }: { name: string; value: string; platform: Platform },
): Promise<NamedContext> {
  const [, scheme = "", rest = ""] = /^([a-z-]+):\/\/(.*)$/s.exec(value) ?? [];
  switch (scheme) {
    case "docker-image":
      return { type: "image", name: rest };
    case "oci-layout": {
      const remote = await openLayout(layoutOf(rest));
      return imageOfContent(scope, { name, remote, platform });
    }
    case "http":
    case "https":
    case "git":
    case "ssh":
      return { type: "files", source: { type: "remote", url: value } };
    case "":
      if (value.startsWith("/")) return { type: "files", source: { type: "directory", path: value } };
      return { type: "files", source: { type: "remote", url: value } };
    default:
      throw new TboxError("not-implemented", `context ${name}: ${value} is not supported`);
  }
}

/** Reads `PATH[:TAG][@DIGEST]`. */
function layoutOf(text: string): LayoutContent {
  const [, path = "", tag, digest] =
    /^(.*?)(?::([\w][\w.-]*))?(?:@([a-z0-9]+:[0-9a-f]+))?$/s.exec(text) ?? [];
  if (!path.startsWith("/")) throw invalidArgument(`oci-layout://${text}: not a directory`);
  return { path, tag, digest };
}

/** Opens the caches that a build takes results from. */
export async function importsOf(given: TypedAttributes[]): Promise<Omit<CacheImages, "only">> {
  const names: string[] = [];
  const remotes: RemoteContent[] = [];
  for (const { type, attributes } of given) {
    if (type === "local") {
      remotes.push(
        await openLayout({
          path: attributes.get("src") ?? "",
          tag: attributes.get("tag"),
          digest: attributes.get("digest"),
        }),
      );
      continue;
    }
    const read: CacheImport = readCacheImport({ Type: type, Attrs: Object.fromEntries(attributes) });
    if (read.type === "registry") names.push(read.name);
    if (read.type === "gha") remotes.push(...actionsCaches(read.options));
  }
  return { names, remotes };
}

/** Returns the options of a build under the names that the provenance has for them. */
export function commandOptions({ request, platforms, contexts, provenance }: CommandBuild): FrontendOptions {
  const { target, network, context } = request;
  const prefixed = (prefix: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value] as const);
  return new Map([
    ["filename", request.dockerfile],
    ...(context.type === "remote" ? [["context", context.url] as const] : []),
    ...(target === undefined ? [] : [["target", target] as const]),
    ...(network === undefined ? [] : [["force-network-mode", network] as const]),
    ...(request.noCache ? [["no-cache", ""] as const] : []),
    ...(platforms.length === 0 ? [] : [["platform", platforms.map(formatPlatform).join(",")] as const]),
    ...prefixed("build-arg:", request.arguments),
    ...prefixed("label:", request.labels),
    ...prefixed("context:", contexts),
    ...(provenance === undefined ? [] : [["attest:provenance", provenance] as const]),
  ]);
}
