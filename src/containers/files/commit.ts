import type { Digest } from "#oci/digest.ts";
import { familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import { pauseContainer, unpauseContainer } from "../lifecycle/pause.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { type CommitSettings, mergeCommitConfig } from "./commit-config.ts";
import { changesAsLayer, requireImage } from "./diff.ts";

export interface CommitContainerOptions {
  reference?: Reference;
  author: string;
  comment: string;
  /** Dockerfile instructions. */
  changes: string[];
  /** Settings that replace those of the container, or are merged with them. */
  config: CommitSettings;
  /** Whether to pause the container during the commit. A container without a cgroup runs on. */
  pause: boolean;
  signal: AbortSignal;
}

/**
 * Creates an image from a container: the container's image plus the container's changes as one layer. Returns the new
 * image's ID.
 */
export async function commitContainer(
  services: ContainerServices,
  name: string,
  { config, pause, ...options }: CommitContainerOptions,
): Promise<Digest> {
  const record = services.records.find(name);
  const { id: parent } = await services.images.resolve(requireImage(record));
  await using _ = await pauseDuringCommit(services, record, pause);
  const image = await services.images.commit(changesAsLayer(services, record), {
    ...options,
    parent,
    config: imageSettings(mergeCommitConfig(config, record.config)),
    createdBy: [record.path, ...record.args].join(" "),
  });
  services.notify("commit", record, {
    comment: options.comment,
    imageID: image,
    imageRef: options.reference === undefined ? "" : familiarName(withDefaultTag(options.reference)),
  });
  return image;
}

async function pauseDuringCommit(
  services: ContainerServices,
  record: ContainerRecord,
  wanted: boolean,
): Promise<AsyncDisposable | undefined> {
  if (!wanted || record.state.status !== "running" || cgroupOf(record) === undefined) return undefined;
  await pauseContainer(services, record.id);
  return { [Symbol.asyncDispose]: () => unpauseContainer(services, record.id) };
}

/** Returns the settings that an image can have (OCI image-spec, config.md; healthcheck and shell are Docker's). */
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
  OnBuild,
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
    OnBuild,
  };
}
