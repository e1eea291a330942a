import type {
  HistoryStep,
  ImageConfigAnswer,
  ImageInspect,
  ImageSummary,
  RemovedImageAnswer,
} from "#api/answers/images.ts";
import type { LoadLine } from "#api/answers/progress.ts";
import type { LoadedImage } from "#images/archive/image-archives.ts";
import type { HistoryEntry, ImageDetails } from "#images/store/image-queries.ts";
import type { RemovedImage } from "#images/upkeep/image-maintenance.ts";
import { never } from "#support/time/timestamp.ts";

/** Returns an item of `GET /images/json`; -1 is Docker's value for a number that the request does not ask for. */
export function shapeImageSummary(
  image: ImageDetails,
  usage = { sharedSize: -1, containers: -1 },
): ImageSummary {
  return {
    Id: image.id,
    ParentId: image.parent,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Created: Math.floor(image.created / 1000),
    Size: image.size,
    SharedSize: usage.sharedSize,
    Labels: image.config.config?.Labels ?? null,
    Containers: usage.containers,
    Descriptor: image.target,
  };
}

/** Returns the answer of `GET /images/{name}/json`. */
export function shapeImage(image: ImageDetails): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Parent: image.parent,
    Comment: config.history?.at(-1)?.comment ?? "",
    ...(image.created === 0 ? {} : { Created: new Date(image.created).toISOString() }),
    DockerVersion: "",
    Author: config.author ?? "",
    Config: shapeConfig(image),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.size,
    GraphDriver: { Name: "overlay", Data: {} },
    RootFS: { Type: "layers", Layers: image.diffIds },
    Metadata: {
      LastTagTime: image.lastTagged === undefined ? never : new Date(image.lastTagged).toISOString(),
    },
    Descriptor: image.target,
  };
}

function shapeConfig({ config: { config } }: ImageDetails): ImageConfigAnswer {
  const { User = "", Env = [], Cmd = null, WorkingDir = "", Entrypoint = null, ...others } = config ?? {};
  const { Labels = null, OnBuild = null, Volumes = null, ...rest } = others;
  return { User, Env, Cmd, WorkingDir, Entrypoint, Labels, OnBuild, Volumes, ...rest };
}

/** Returns a line of `POST /images/load`. */
export function shapeLoaded(line: LoadedImage): LoadLine {
  if ("moved" in line) {
    const moved = `The image ${line.moved} already exists, renaming the old one with ID ${line.from}`;
    return { stream: `${moved} to empty string\n` };
  }
  const name = line.loaded.startsWith("sha256:") ? "Loaded image ID" : "Loaded image";
  return { stream: `${name}: ${line.loaded}\n` };
}

/** Returns an item of `DELETE /images/{name}`. */
export function shapeRemoved(removed: RemovedImage): RemovedImageAnswer {
  return "untagged" in removed ? { Untagged: removed.untagged } : { Deleted: removed.deleted };
}

/** Returns an item of `GET /images/{name}/history`. */
export function shapeHistory({ id, created, createdBy, comment, size, tags }: HistoryEntry): HistoryStep {
  return {
    Id: id,
    Created: created,
    CreatedBy: createdBy,
    Tags: tags.length > 0 ? tags : null,
    Size: size,
    Comment: comment,
  };
}
