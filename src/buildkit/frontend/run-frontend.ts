import { TboxError } from "#support/errors.ts";
import type { BridgeResult } from "../protocol/gateway.ts";
import type { BuildScope } from "./build-scope.ts";
import type { BuiltImages } from "./built-images.ts";
import type { FrontendInputs } from "./contexts.ts";
import type { FrontendOptions } from "./options.ts";
import { resultOfImage } from "./reference.ts";
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
  const solved = await solveDockerfile(scope, request, settings);
  if (solved.type !== "image") throw new TboxError("internal", "the build returned no image");
  const { services } = scope;
  const { id, existed } = solved;
  if (!existed) built.add(id);
  const { config } = await services.images.resolve(id);
  return resultOfImage(id, new Map([["containerimage.config", Buffer.from(JSON.stringify(config))]]));
}
