import type { HistoryEntry, ImageDetails, LoadedImage, RemovedImage } from "#images/images.ts";

/** An item of `GET /images/json`; -1 stands for what was not asked for. */
export function shapeImageSummary(image: ImageDetails, usage = { sharedSize: -1, containers: -1 }) {
  return {
    Id: image.id,
    ParentId: image.parent,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Created: Math.floor(image.created / 1000),
    Size: image.size,
    SharedSize: usage.sharedSize,
    Labels: image.config.config?.Labels ?? {},
    Containers: usage.containers,
    Descriptor: image.target,
  };
}

/** `GET /images/{name}/json`. */
export function shapeImage(image: ImageDetails) {
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
      LastTagTime:
        image.lastTagged === undefined ? "0001-01-01T00:00:00Z" : new Date(image.lastTagged).toISOString(),
    },
    Descriptor: image.target,
  };
}

function shapeConfig({ config: { config } }: ImageDetails) {
  return {
    User: "",
    Env: [],
    Cmd: null,
    WorkingDir: "",
    Entrypoint: null,
    Labels: {},
    OnBuild: null,
    Volumes: null,
    ...config,
  };
}

/** A line of `POST /images/load`. */
export function shapeLoaded(line: LoadedImage) {
  if ("moved" in line) {
    const moved = `The image ${line.moved} already exists, renaming the old one with ID ${line.from}`;
    return { stream: `${moved} to empty string\n` };
  }
  const name = line.loaded.startsWith("sha256:") ? "Loaded image ID" : "Loaded image";
  return { stream: `${name}: ${line.loaded}\n` };
}

/** An item of the answer to `DELETE /images/{name}`. */
export function shapeRemoved(removed: RemovedImage) {
  return "untagged" in removed ? { Untagged: removed.untagged } : { Deleted: removed.deleted };
}

/** An item of `GET /images/{name}/history`. */
export function shapeHistory({ id, created, createdBy, comment, size, tags }: HistoryEntry) {
  return {
    Id: id,
    Created: created,
    CreatedBy: createdBy,
    Tags: tags.length > 0 ? tags : null,
    Size: size,
    Comment: comment,
  };
}
