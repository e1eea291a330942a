import type { BuildRequest, ContextSource, NamedContext } from "#builds/builder.ts";
import { contextName } from "#builds/plan/context-name.ts";
import { parseDigest } from "#oci/digest.ts";
import { formatPlatform, type Platform } from "#oci/platform.ts";
import { TboxError } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";
import type { Definition } from "../protocol/definition.ts";
import { uploadOf } from "../sessions/client-services.ts";
import { remoteOfStore } from "../sessions/content-store.ts";
import { type BuildScope, sessionOf } from "./build-scope.ts";
import { type DefinitionSource, imageOfSource, sourceOfDefinition } from "./definition-source.ts";
import { imageOfContent } from "./image-of-content.ts";
import { takeLocalFiles } from "./local-files.ts";
import { type FrontendOptions, withPrefix } from "./options.ts";

/** Sources that a client passes by name. */
export type FrontendInputs = Map<string, Partial<Definition> | undefined>;

/** Options and inputs of a front end. */
export interface FrontendRequest {
  options: FrontendOptions;
  inputs: FrontendInputs;
}

/** Returns the source of the main context, unless it is a directory of the client. */
export async function remoteContext(
  scope: BuildScope,
  { options, inputs }: FrontendRequest,
): Promise<ContextSource | undefined> {
  const url = options.get("context") ?? "";
  if (/^https?:\/\/buildkit-session\//.test(url)) {
    const session = await sessionOf(scope);
    return { type: "stream", body: streamOf(uploadOf(session, new URL(url), scope.signal)) };
  }
  if (url !== "") return { type: "remote", url };
  const input = inputs.get("context");
  if (input === undefined) return undefined;
  const address = addressOf(inputSource(input, "context"));
  if (address !== undefined) return { type: "remote", url: address };
  throw unsupported("context", inputSource(input, "context").identifier);
}

/**
 * Returns a function that returns the named contexts for a platform: `context:NAME::PLATFORM`, or else `context:NAME`.
 * Each is opened once.
 */
export function namedContexts(
  scope: BuildScope,
  request: FrontendRequest,
): (platform: Platform) => Promise<BuildRequest["contexts"]> {
  const opened = new Map<string, Promise<NamedContext>>();
  const entries = Object.entries(withPrefix(request.options, "context:"));
  return async (platform) => {
    const own = `::${formatPlatform(platform)}`;
    const fitting = entries.filter(([name]) => !name.includes("::") || name.endsWith(own));
    // The context for a platform follows, and replaces, the one for all platforms.
    const sorted = fitting.toSorted(([a], [b]) => a.length - b.length);
    const found: BuildRequest["contexts"] = new Map();
    for (const [name, value] of sorted) {
      const [plain = ""] = name.split("::", 1);
      // A layout has another image for each platform.
      const key = value.startsWith("oci-layout:") ? `${name} ${own}` : name;
      const context = opened.get(key) ?? namedContext(scope, request, { name: plain, value, platform });
      opened.set(key, context);
      found.set(contextName(plain), await context);
    }
    return found;
  };
}

async function namedContext(
  scope: BuildScope,
  { options, inputs }: FrontendRequest,
  { name, value, platform }: { name: string; value: string; platform: Platform },
): Promise<NamedContext> {
  const [, scheme = "", rest = ""] = /^([a-z-]+):(?:\/\/)?(.*)$/s.exec(value) ?? [];
  switch (scheme) {
    case "docker-image":
      return { type: "image", name: rest };
    case "local": {
      const title = `[context ${name}] load from client`;
      return { type: "files", source: await takeLocalFiles(scope, { name: rest, options }, { title }) };
    }
    case "oci-layout":
      return layoutContext(scope, { name, value: rest, platform });
    case "input": {
      const input = inputs.get(rest);
      if (input === undefined) throw new TboxError("invalid-argument", `context ${name}: no input ${rest}`);
      return contextOfSource(name, inputSource(input, name));
    }
    case "http":
    case "https":
    case "git":
    case "ssh":
      return { type: "files", source: { type: "remote", url: value } };
    default:
      if (value.includes("@") || value.startsWith("github.com/")) {
        return { type: "files", source: { type: "remote", url: value } };
      }
      throw unsupported(name, value);
  }
}

/** Returns an image of a content store that the client serves: `STORE[:TAG]@DIGEST`. */
async function layoutContext(
  scope: BuildScope,
  { name, value, platform }: { name: string; value: string; platform: Platform },
): Promise<NamedContext> {
  const [, store = "", digest = ""] = /^([^:@]+)(?::[\w][\w.-]*)?@(.+)$/s.exec(value) ?? [];
  if (store === "") throw unsupported(name, `oci-layout://${value}`);
  const content = { session: await sessionOf(scope), id: `oci:${store}` };
  const remote = remoteOfStore(content, parseDigest(digest), "client");
  return imageOfContent(scope, { name, remote, platform });
}

function contextOfSource(name: string, source: DefinitionSource): NamedContext {
  const image = imageOfSource(source);
  if (image !== undefined) return { type: "image", name: image };
  const { identifier } = source;
  if (identifier.startsWith("docker-image://")) {
    return { type: "image", name: identifier.slice("docker-image://".length) };
  }
  const url = addressOf(source);
  if (url === undefined) throw unsupported(name, identifier);
  return { type: "files", source: { type: "remote", url } };
}

function inputSource(input: Partial<Definition>, name: string): DefinitionSource {
  const source = sourceOfDefinition(input);
  if (source) return source;
  throw new TboxError("not-implemented", `context ${name}: definitions other than sources are not supported`);
}

/** Returns the address of a git or HTTP source. */
export function addressOf({ identifier, attributes }: DefinitionSource): string | undefined {
  if (/^https?:\/\//.test(identifier)) return identifier;
  if (!identifier.startsWith("git://")) return undefined;
  const full = attributes.get("git.fullurl");
  if (full === undefined) return identifier;
  const [, fragment] = /#(.*)$/s.exec(identifier) ?? [];
  return full.includes("#") || fragment === undefined ? full : `${full}#${fragment}`;
}

function unsupported(name: string, value: string): TboxError {
  return new TboxError("not-implemented", `context ${name}: ${value} is not supported`);
}
