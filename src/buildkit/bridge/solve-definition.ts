import type { ContextSource } from "#builds/builder.ts";
import { TboxError } from "#support/errors.ts";
import { reachOfNamed } from "#support/http/reach.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { BuiltImages } from "../frontend/built-images.ts";
import { addressOf } from "../frontend/contexts.ts";
import { type DefinitionSource, imageOfSource, sourceOfDefinition } from "../frontend/definition-source.ts";
import { takeLocalFiles } from "../frontend/local-files.ts";
import { resultOfImage } from "../frontend/reference.ts";
import { type SolveSettings, solveText } from "../frontend/solve-dockerfile.ts";
import type { Definition } from "../protocol/definition.ts";
import type { BridgeResult } from "../protocol/gateway.ts";

/**
 * Returns the result of a definition with a single source, which clients use to read remote Dockerfiles and bake files:
 * an image of the store, or an image with the files of an address or of the client.
 */
export async function solveDefinition(
  scope: BuildScope,
  definition: Partial<Definition>,
  { settings, built }: { settings: SolveSettings; built: BuiltImages },
): Promise<BridgeResult> {
  const operations = definition.operations ?? [];
  // An empty definition is an empty root directory.
  if (operations.length === 0) return {};
  const source = sourceOfDefinition(definition);
  if (source === undefined) {
    throw new TboxError(
      "not-implemented",
      "definitions other than sources are not supported: use a Dockerfile",
    );
  }
  const image = imageOfSource(source);
  if (image !== undefined) return resultOfImage(image, new Map());
  const { text, context } = await dockerfileOf(scope, source);
  const address = addressOf(source);
  // The client named the address, so it may be on this machine, like the address of a context.
  const allowHostNetwork = address !== undefined && reachOfNamed(address) === "any";
  const solved = await solveText(scope, { text, context }, { ...settings, allowHostNetwork });
  if (!solved.existed) built.add(solved.id);
  return resultOfImage(solved.id, new Map());
}

/** Returns the Dockerfile of an image with the files of a source. */
async function dockerfileOf(
  scope: BuildScope,
  source: DefinitionSource,
): Promise<{ text: string; context: ContextSource }> {
  const { identifier, attributes } = source;
  const [, scheme = "", rest = ""] = /^([a-z-]+):\/\/(.*)$/s.exec(identifier) ?? [];
  const nothing: ContextSource = { type: "none" };
  if (scheme === "docker-image") return { text: `FROM ${rest}`, context: nothing };
  const address = addressOf(source);
  if (address !== undefined) {
    const name = attributes.get("http.filename") ?? "";
    return { text: `FROM scratch\nADD ${JSON.stringify([address, `/${name}`])}\n`, context: nothing };
  }
  if (scheme !== "local") throw new TboxError("not-implemented", `source ${identifier}: not supported`);
  const title = `load ${rest} from client`;
  const context = await takeLocalFiles(scope, { name: rest, options: new Map() }, { ignore: "", title });
  return { text: "FROM scratch\nCOPY . /\n", context };
}
