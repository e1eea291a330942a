import type { Digest } from "#oci/digest.ts";
import type { Reference } from "#oci/reference.ts";
import { pauseContainer, unpauseContainer } from "../lifecycle/pause.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import type { CreateRequest } from "../request/create-request.ts";
import type { Fleet } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { imageOf, layerOf } from "./changes.ts";

export interface CommitContainerOptions {
  reference?: Reference;
  author: string;
  comment: string;
  /** Dockerfile instructions. */
  changes: string[];
  /** What takes the place of the container's own settings. */
  config: Omit<CreateRequest, "HostConfig">;
  /** Whether its processes are to stand still meanwhile; without a cgroup they go on. */
  pause: boolean;
  signal: AbortSignal;
}

/** Makes an image of a container: its image, and what it has changed as one more layer. Gives the ID. */
export async function commitContainer(
  fleet: Fleet,
  name: string,
  { config, pause, ...options }: CommitContainerOptions,
): Promise<Digest> {
  const record = fleet.records.find(name);
  const { id: parent } = await fleet.images.resolve(imageOf(record));
  await using _ = await standstill(fleet, record, pause);
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

async function standstill(
  fleet: Fleet,
  record: ContainerRecord,
  wanted: boolean,
): Promise<AsyncDisposable | undefined> {
  if (!wanted || record.state.status !== "running" || cgroupOf(record) === undefined) return undefined;
  await pauseContainer(fleet, record.id);
  return { [Symbol.asyncDispose]: () => unpauseContainer(fleet, record.id) };
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
