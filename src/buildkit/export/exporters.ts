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
import { checkAttributes, type OutputTimes, readTimes } from "./output-attributes.ts";

/** An output that consists of an image. */
export interface ImageOutput extends CompressionOptions {
  names: Reference[];
  annotations: Annotation[];
}

/** Destination of the result of a build. */
export type Exporter = OutputTimes & {
  /** Names of attributes that neither BuildKit nor this builder knows. */
  unknown: string[];
} & (
    | StoreOutput
    /** An archive, or with `directory` a directory of the client with an OCI layout. */
    | ({ type: "archive"; format: "oci" | "docker"; directory: boolean } & ImageOutput)
    | ({ type: "local" | "tar" } & FilesOutput)
  );

/** An output to the store or to a registry. */
export interface StoreOutput extends ImageOutput {
  type: "store";
  push: boolean;
  byDigest: boolean;
  insecure: boolean;
  /** Whether the store keeps the image. */
  keeps: boolean;
  /** Whether the image also gets its names with its digest. */
  canonical: boolean;
}

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

/** Reads the attributes of an output; throws for a type or an attribute that is not supported. */
export function parseExporter(name: string, attributes: Attributes): Exporter {
  const times = readTimes(attributes);
  switch (name) {
    case "moby":
    case "image":
      return {
        type: "store",
        unknown: checkAttributes("store", attributes),
        ...times,
        keeps: readBoolean(attributes, "store") ?? true,
        canonical: readBoolean(attributes, "name-canonical") ?? false,
        push: readBoolean(attributes, "push") ?? false,
        byDigest: readBoolean(attributes, "push-by-digest") ?? false,
        insecure: readBoolean(attributes, "registry.insecure") ?? false,
        ...imageOutput(attributes),
      };
    case "oci":
    case "docker":
      return {
        type: "archive",
        unknown: checkAttributes("archive", attributes),
        ...times,
        format: name,
        directory: !(readBoolean(attributes, "tar") ?? true),
        ...imageOutput(attributes),
      };
    case "local":
    case "tar":
      return {
        type: name,
        unknown: checkAttributes("files", attributes),
        ...times,
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
  const names = (attributes.get("name") ?? "").split(",").filter((name) => name !== "");
  if (names.includes("*")) throw invalidArgument("the output name * is not supported: name the image");
  return {
    names: names.map((name) => withDefaultTag(parseReference(name))),
    annotations: [...attributes].flatMap(([name, value]) => readAnnotation(name, value) ?? []),
    compression: readCompression(attributes),
    types: readTypes(attributes),
  };
}

/** Returns the value of `source-date-epoch`, which the outputs have in common. */
export function commonEpoch(exporters: Exporter[]): string | undefined {
  const given = new Set(exporters.flatMap(({ epoch }) => epoch ?? []));
  if (given.size <= 1) return [...given][0];
  throw invalidArgument("source-date-epoch: give all outputs of the build the same value");
}
