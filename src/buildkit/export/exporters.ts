import { parseReference, type Reference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { type Annotation, readAnnotation } from "../frontend/annotations.ts";
import {
  type Attributes,
  type CompressionOptions,
  readBoolean,
  readCompression,
  readTypes,
} from "../frontend/attributes.ts";
import type { SolveRequest } from "../protocol/control.ts";

/** An output that consists of an image. */
export interface ImageOutput extends CompressionOptions {
  names: Reference[];
  annotations: Annotation[];
}

/** Destination of the result of a build. */
export type Exporter =
  /** The store, and a registry. */
  | ({ type: "store"; push: boolean; byDigest: boolean; insecure: boolean } & ImageOutput)
  /** An archive, or with `directory` a directory of the client with an OCI layout. */
  | ({ type: "archive"; format: "oci" | "docker"; directory: boolean } & ImageOutput)
  | ({ type: "local" | "tar" } & FilesOutput);

/** An output that consists of files. */
export interface FilesOutput {
  /** Whether the files of each platform are in a directory of their own; by default, if there are several. */
  split: boolean | undefined;
  /** Prefix of the names of files with attestations. */
  attestationPrefix: string;
}

/** Returns the exporters of a request; throws for a type that is not supported. */
export function parseExporters(request: SolveRequest): Exporter[] {
  const { exporters, oldExporter: type, oldExporterAttributes: attributes } = request;
  const given = exporters.length === 0 && type !== "" ? [{ type, attributes }] : exporters;
  return given.map(({ type: name = "", attributes: own = new Map() }) => parseExporter(name, own));
}

function parseExporter(name: string, attributes: Attributes): Exporter {
  switch (name) {
    case "moby":
    case "image":
      return {
        type: "store",
        push: readBoolean(attributes, "push") ?? false,
        byDigest: readBoolean(attributes, "push-by-digest") ?? false,
        insecure: readBoolean(attributes, "registry.insecure") ?? false,
        ...imageOutput(attributes),
      };
    case "oci":
    case "docker":
      return {
        type: "archive",
        format: name,
        directory: !(readBoolean(attributes, "tar") ?? true),
        ...imageOutput(attributes),
      };
    case "local":
    case "tar":
      return {
        type: name,
        split: readBoolean(attributes, "platform-split"),
        attestationPrefix: attributes.get("attestation-prefix") ?? "",
      };
    default:
      throw new TboxError(
        "not-implemented",
        `output type ${name} is not supported: use image, docker, oci, local or tar`,
      );
  }
}

function imageOutput(attributes: Attributes): ImageOutput {
  if (readBoolean(attributes, "oci-artifact")) {
    throw new TboxError(
      "not-implemented",
      "oci-artifact is not supported: attestations have an image's manifest",
    );
  }
  const names = (attributes.get("name") ?? "").split(",").filter((name) => name !== "");
  if (names.includes("*")) throw invalidArgument("the output name * is not supported: name the image");
  return {
    names: names.map((name) => withDefaultTag(parseReference(name))),
    annotations: [...attributes].flatMap(([name, value]) => readAnnotation(name, value) ?? []),
    compression: readCompression(attributes),
    types: readTypes(attributes),
  };
}
