import {
  attestationPlatform,
  attestationType,
  encodeAttestationConfig,
  encodeAttestationManifest,
  encodeStatement,
  referenceAnnotations,
  statementLayer,
} from "#oci/attestation.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { dockerType } from "#oci/docker-types.ts";
import { encodeJson } from "#oci/encode-json.ts";
import { exportedManifest } from "#oci/exported-manifest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/image-records.ts";
import type { ExportedImage, ImageSet } from "./image-exports.ts";

type Services = Pick<ImageServices, "content" | "records">;

/** The documents of an export. */
export interface Assembled {
  /** Manifest or index that gets the names. */
  top: Descriptor;
  /** Manifests below the top. */
  manifests: Descriptor[];
  /** Blobs of the attestations. */
  blobs: Descriptor[];
}

/** Writes the manifests of images, and the index if there is one; `sent` has the blobs sent for the layers. */
export async function assemble(
  services: Services,
  set: ImageSet,
  sent: ReadonlyMap<Digest, Descriptor>,
): Promise<Assembled> {
  const blobs: Descriptor[] = [];
  const manifests: Descriptor[] = [];
  const entries: object[] = [];
  const attestations: object[] = [];
  for (const image of set.images) {
    const manifest = await writeManifest(services, set, image, sent);
    manifests.push(manifest);
    const annotations = annotationsOf(image.descriptorAnnotations);
    entries.push({ ...manifest, platform: image.platform, ...annotations });
    if (image.attestations.length === 0) continue;
    const written = await writeAttestation(services, set, { image, manifest: manifest.digest });
    manifests.push(written.manifest);
    blobs.push(...written.blobs);
    attestations.push(written.entry);
  }
  const [only, ...others] = manifests;
  if (only === undefined) throw invalidArgument("there is no image to export");
  if (!hasIndex(set) && others.length === 0) return { top: only, manifests: [], blobs };
  const mediaType = typeOf(set, mediaTypes.index);
  const index = { schemaVersion: 2, mediaType, manifests: [...entries, ...attestations] };
  const bytes = encodeJson({ ...index, ...annotationsOf(set.annotations) });
  return { top: { mediaType, ...(await services.content.put(bytes)) }, manifests, blobs };
}

/** Returns whether images are exported as an index. */
export function hasIndex({ index, images }: ImageSet): boolean {
  return index || images.length > 1 || images.some(({ attestations }) => attestations.length > 0);
}

/** Returns the record of an exported image. */
export function exportedRecord({ records }: Pick<ImageServices, "records">, id: Digest): ImageRecord {
  const record = records.get(id);
  if (record) return record;
  throw invalidArgument(`the image ${id} was removed before its export`);
}

async function writeManifest(
  services: Services,
  { types }: ImageSet,
  { id, annotations }: ExportedImage,
  sent: ReadonlyMap<Digest, Descriptor>,
): Promise<Descriptor> {
  const { manifest } = exportedRecord(services, id);
  const bytes = await services.content.read(manifest.digest, documentLimit);
  const changed = exportedManifest(bytes, { sent, annotations, docker: types === "docker" });
  const mediaType = types === "docker" ? dockerType(manifest.mediaType) : manifest.mediaType;
  return { mediaType, ...(await services.content.put(changed)) };
}

async function writeAttestation(
  { content }: Services,
  { names }: ImageSet,
  { image, manifest }: { image: ExportedImage; manifest: Digest },
) {
  const { platform, attestations } = image;
  const layers: Descriptor[] = [];
  for (const attestation of attestations) {
    const blob = await content.put(encodeStatement(attestation, { names, platform, manifest }));
    layers.push(statementLayer(attestation, blob));
  }
  const config = await content.put(encodeAttestationConfig(layers.map(({ digest }) => digest)));
  const written = await content.put(encodeAttestationManifest(config, layers));
  const descriptor = { mediaType: mediaTypes.manifest, ...written };
  const annotations = {
    [referenceAnnotations.type]: attestationType,
    [referenceAnnotations.digest]: manifest,
  };
  return {
    manifest: descriptor,
    blobs: [{ mediaType: mediaTypes.config, ...config }, ...layers],
    entry: { ...descriptor, platform: attestationPlatform, annotations },
  };
}

function annotationsOf(annotations: Record<string, string>) {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}

function typeOf({ types }: ImageSet, mediaType: string): string {
  return types === "docker" ? dockerType(mediaType) : mediaType;
}
