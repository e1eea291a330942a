import { z } from "zod";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { encodeJson } from "./encode-json.ts";
import { mediaTypes } from "./media-types.ts";
import { formatPlatform, type Platform } from "./platform.ts";
import { familiarRepository, type Reference, withDefaultTag } from "./reference.ts";
import { parseStrictJson } from "./strict-json.ts";

/** A statement about an image, without the image. */
export interface Attestation {
  predicateType: string;
  predicate: object;
}

/** Platform of attestations in an index, which no image has. */
export const attestationPlatform: Platform = { os: "unknown", architecture: "unknown" };

/** Annotations by which the entry of an attestation in an index refers to an image. */
export const referenceAnnotations = {
  type: "vnd.docker.reference.type",
  digest: "vnd.docker.reference.digest",
} as const;

/** Value of the annotation of type. */
export const attestationType = "attestation-manifest";

const statementType = "application/vnd.in-toto+json";

/** Encodes an attestation of an image as an in-toto statement. */
export function encodeStatement(
  { predicateType, predicate }: Attestation,
  { names, platform, manifest }: { names: Reference[]; platform: Platform; manifest: Digest },
): Uint8Array {
  const [algorithm = "", hex = ""] = manifest.split(":");
  const digest = { [algorithm]: hex };
  const subject =
    names.length === 0
      ? [{ name: "_", digest }]
      : names.map((name) => ({ name: packageUrl(name, platform), digest }));
  return encodeJson({ _type: "https://in-toto.io/Statement/v0.1", predicateType, subject, predicate });
}

/** Returns the package URL of an image: `pkg:docker/debian@12?platform=linux%2Famd64`. */
export function packageUrl(reference: Reference, platform: Platform): string {
  const { tag, digest } = withDefaultTag(reference);
  const qualifiers = new URLSearchParams();
  if (digest !== undefined) qualifiers.set("digest", digest);
  qualifiers.set("platform", formatPlatform(platform));
  const version = tag === undefined ? "" : `@${encodeURIComponent(tag)}`;
  return `pkg:docker/${familiarRepository(reference)}${version}?${qualifiers}`;
}

/** Returns the descriptor of a statement as a layer of an attestation. */
export function statementLayer(
  { predicateType }: Attestation,
  blob: Pick<Descriptor, "digest" | "size">,
): Descriptor {
  return {
    mediaType: statementType,
    ...blob,
    ...{ annotations: { "in-toto.io/predicate-type": predicateType } },
  };
}

/** Encodes the configuration of an attestation. */
export function encodeAttestationConfig(statements: Digest[]): Uint8Array {
  const rootfs = { type: "layers", diff_ids: statements };
  return encodeJson({ ...attestationPlatform, config: {}, rootfs });
}

/** Encodes the manifest of an attestation. */
export function encodeAttestationManifest(
  config: Pick<Descriptor, "digest" | "size">,
  layers: Descriptor[],
): Uint8Array {
  return encodeJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers,
  });
}

const statementSchema = z.looseObject({
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })),
});

/** Returns a statement about images whose digests have changed. */
export function rewriteStatement(bytes: Uint8Array, changed: ReadonlyMap<string, Descriptor>): Uint8Array {
  const statement = statementSchema.parse(parseStrictJson(bytes, "attestation"));
  const replaced = (digest: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(digest).map(([algorithm, hex]) => {
        const now = changed.get(`${algorithm}:${hex}`)?.digest;
        return [algorithm, now?.slice(algorithm.length + 1) ?? hex];
      }),
    );
  const subject = statement.subject.map((one) => ({ ...one, digest: replaced(one.digest) }));
  return encodeJson({ ...statement, subject });
}
