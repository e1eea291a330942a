import type { ImageInspect, ImageSummary, LegacyConfig } from "#api/answers/images.ts";

/** Adds the fields to an item of `GET /images/json` that this version of the API has, and removes those that it lacks. */
export function summaryOfVersion(summary: ImageSummary, version: number): ImageSummary {
  return {
    ...summary,
    // Version 1.51 always counts the containers.
    ...(version < 51 ? { Containers: -1 } : {}),
    ...(version < 44 ? { VirtualSize: summary.Size } : {}),
  };
}

/** Adds the fields to the answer of `GET /images/{name}/json` that this version of the API has. */
export function inspectionOfVersion(image: ImageInspect, version: number): ImageInspect {
  return {
    ...image,
    ...(version < 50 ? { Config: { ...emptyConfig, ...image.Config } } : {}),
    ...(version < 45 ? { ContainerConfig: emptyConfig } : {}),
    ...(version < 44 ? { VirtualSize: image.Size } : {}),
  };
}

/** Settings of a container that an image does not have. */
const emptyConfig: LegacyConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};
