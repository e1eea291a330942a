import { TboxError } from "#support/errors.ts";
import type { SolveRequest } from "../protocol/control.ts";

/** Destination of the result of a build. */
export interface Exporter {
  type: "moby" | "local" | "tar";
  attributes: Map<string, string>;
  /** Annotations of the image's manifest. */
  annotations: Record<string, string>;
}

const types = { moby: "moby", image: "moby", docker: "moby", local: "local", tar: "tar" } as const;

/** Returns the exporters of a request; throws for a type that is not supported. */
export function parseExporters(request: SolveRequest): Exporter[] {
  const { exporters, oldExporter: type, oldExporterAttributes: attributes } = request;
  const given = exporters.length === 0 && type !== "" ? [{ type, attributes }] : exporters;
  return given.map(({ type: name = "", attributes: own = new Map() }) => {
    const known = Object.entries(types).find(([one]) => one === name)?.[1];
    if (known === undefined) throw new TboxError("not-implemented", `output type ${name}: not supported yet`);
    return { type: known, attributes: own, annotations: annotationsOf(own) };
  });
}

/** Reads attributes `annotation.KEY` and `annotation-manifest.KEY`. */
function annotationsOf(attributes: Map<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...attributes].flatMap(([name, value]) => {
      const [, place, key = ""] = /^annotation(-[a-z-]+)?(?:\[[^\]]*\])?\.(.+)$/.exec(name) ?? [];
      if (key === "") return [];
      if (place !== undefined && place !== "-manifest") {
        throw new TboxError(
          "not-implemented",
          `annotation ${name}: only annotations of the manifest are supported`,
        );
      }
      return [[key, value]];
    }),
  );
}
