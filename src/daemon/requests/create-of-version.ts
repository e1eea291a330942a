import type { CreateRequest, HostConfig } from "#containers/request/create-request.ts";
import { invalidArgument } from "#support/errors.ts";

/**
 * Returns the container that a client of an API version means. Fields newer than the version are ignored and defaults are the
 * version's, as in Docker.
 */
export function createOfVersion(body: CreateRequest, minor: number): CreateRequest {
  const changed = { ...body };
  if (minor < 44 && changed.Healthcheck !== undefined) {
    const { StartInterval: _, ...healthcheck } = changed.Healthcheck;
    changed.Healthcheck = healthcheck;
  }
  if (minor < 44) refuseSeveralNetworks(Object.keys(body.Networks ?? {}));
  if (minor < 43) changed.HostConfig = hostConfigOfVersion(body.HostConfig ?? {}, minor);
  return changed;
}

function hostConfigOfVersion({ Annotations: _, ...host }: HostConfig, minor: number): HostConfig {
  const changed: HostConfig = { ...host };
  if (minor < 42 && changed.Mounts !== undefined) {
    changed.Mounts = changed.Mounts.map((mount) => {
      if (mount.BindOptions === undefined) return mount;
      const { CreateMountpoint: _create, ...options } = mount.BindOptions;
      return { ...mount, BindOptions: options };
    });
  }
  // Only newer clients know that other containers cannot join the default.
  if (minor < 40 && !changed.IpcMode) changed.IpcMode = "shareable";
  // Older clients remove the container themselves.
  if (minor < 25) delete changed.AutoRemove;
  return changed;
}

function refuseSeveralNetworks(networks: string[]): void {
  if (networks.length < 2) return;
  throw invalidArgument(
    `Container cannot be created with multiple network endpoints: ${networks.join(", ")}`,
  );
}
