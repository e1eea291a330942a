import { TboxError } from "#support/errors.ts";
import type { BridgeResult } from "../protocol/gateway.ts";
import { readAttestations } from "./attestations.ts";
import type { BuildScope } from "./build-scope.ts";
import type { BuiltImages } from "./built-images.ts";
import type { FrontendInputs } from "./contexts.ts";
import { type FrontendOptions, withPrefix } from "./options.ts";
import { resultOfImage, resultOfImages } from "./reference.ts";
import { checkFrontend, type SolveSettings, solveDockerfile } from "./solve-dockerfile.ts";
import { answerSubrequest } from "./subrequests.ts";

/** The call of a front end. */
export interface FrontendCall {
  /** `dockerfile.v0`, or `gateway.v0` with the image of a front end in the option `source`. */
  frontend: string;
  options: FrontendOptions;
  inputs: FrontendInputs;
}

/** Runs a front end. The one for Dockerfiles is built in; others are refused. */
export async function runFrontend(
  scope: BuildScope,
  { frontend, options, inputs }: FrontendCall,
  { settings, built }: { settings: SolveSettings; built: BuiltImages },
): Promise<BridgeResult> {
  if (frontend === "gateway.v0") checkFrontend(options.get("source") ?? "");
  else if (frontend !== "dockerfile.v0") {
    throw new TboxError("not-implemented", `front end ${frontend}: only dockerfile.v0 is supported`);
  }
  const request = { options, inputs };
  const subrequest = options.get("requestid") ?? "";
  if (subrequest !== "") return answerSubrequest(scope, request, { name: subrequest, settings });
  const { provenance } = readAttestations(options);
  const solved = await solveDockerfile(scope, request, settings);
  if (solved.type !== "images") throw new TboxError("internal", "the build returned no image");
  const locals = localsOf(options);
  const { images } = scope.services;
  const described = await Promise.all(
    solved.images.map(async (image) => {
      if (!image.existed) built.add(image.id);
      scope.results.set(image.id, { ...image, options, locals, provenance });
      const { config } = await images.resolve(image.id);
      return { id: image.id, platform: image.platform, config };
    }),
  );
  const [first] = described;
  if (first === undefined) throw new TboxError("internal", "the build returned no image");
  if (solved.several) return resultOfImages(described);
  const config = Buffer.from(JSON.stringify(first.config));
  return resultOfImage(first.id, new Map([["containerimage.config", config]]));
}

/** Returns the names of the client's directories that a build uses. */
function localsOf(options: FrontendOptions): string[] {
  const remote = (options.get("context") ?? "") !== "";
  const named = Object.values(withPrefix(options, "context:")).flatMap((value) =>
    value.startsWith("local:") ? [value.slice("local:".length)] : [],
  );
  return [...(remote ? [] : [options.get("contextkey") ?? "context", "dockerfile"]), ...named];
}
