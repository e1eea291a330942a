import type { Digest } from "#oci/digest.ts";
import type { Reference } from "#oci/reference.ts";
import { imageOf, layerOf } from "./changes.ts";
import type { CreateRequest } from "./create-request.ts";
import type { Fleet } from "./fleet.ts";

export interface CommitContainerOptions {
  reference?: Reference;
  author: string;
  comment: string;
  /** Dockerfile instructions. */
  changes: string[];
  /** What takes the place of the container's own settings. */
  config: Omit<CreateRequest, "HostConfig">;
  signal: AbortSignal;
}

/** Makes an image of a container: its image, and what it has changed as one more layer. Gives the ID. */
export async function commitContainer(
  fleet: Fleet,
  name: string,
  { config, ...options }: CommitContainerOptions,
): Promise<Digest> {
  const record = fleet.records.find(name);
  const { id: parent } = await fleet.images.resolve(imageOf(record));
  const image = await fleet.images.commit(layerOf(fleet, record), {
    ...options,
    parent,
    config: imageSettings({ ...record.config, ...config }),
    createdBy: [record.path, ...record.args].join(" "),
  });
  fleet.notify("commit", record, {
    imageID: image,
    ...(options.comment ? { comment: options.comment } : {}),
  });
  return image;
}

/** The settings that an image can have (OCI image-spec, config.md; healthcheck and shell are Docker's). */
function imageSettings({
  User,
  ExposedPorts,
  Env,
  Entrypoint,
  Cmd,
  Volumes,
  WorkingDir,
  Labels,
  StopSignal,
  Healthcheck,
  Shell,
}: CommitContainerOptions["config"]) {
  return {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    Healthcheck: Healthcheck && { ...Healthcheck },
    Shell,
  };
}
