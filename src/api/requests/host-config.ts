import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { linkSchema } from "./endpoint.ts";
import { mountSchema } from "./mount.ts";
import { resourceReasons, resourceShape, unsetResources, unsupportedResources } from "./resources.ts";

const texts = z.array(z.string()).exactOptional();
const flag = z.boolean().exactOptional();

const portBinding = dockerObject({
  HostIp: z.string().exactOptional(),
  HostPort: z.string().exactOptional(),
});

const device = dockerObject({
  PathOnHost: z.string(),
  PathInContainer: z.string().exactOptional(),
  CgroupPermissions: z.string().exactOptional(),
});

const ulimit = dockerObject({ Name: z.string(), Soft: z.int().default(0), Hard: z.int().default(0) });

/** Host ports by container port; `8080` means `8080/tcp`. */
const portBindings = dictionary(z.array(portBinding).nullable()).transform((given) =>
  Object.fromEntries(
    Object.entries(given).map(([port, value]) => [port.includes("/") ? port : `${port}/tcp`, value]),
  ),
);

/** Schema of `HostConfig.RestartPolicy`. */
export const restartPolicySchema = dockerObject({
  Name: z.string().exactOptional(),
  MaximumRetryCount: z.int().exactOptional(),
}).exactOptional();

/** Schema of `HostConfig` of `POST /containers/create`. */
export const hostConfigSchema = dockerObject(
  {
    AutoRemove: flag,
    Binds: texts,
    Mounts: z.array(mountSchema).exactOptional(),
    VolumesFrom: texts,
    VolumeDriver: z.string().exactOptional(),
    Tmpfs: dictionary(z.string()).exactOptional(),
    ReadonlyRootfs: flag,
    CapAdd: texts,
    CapDrop: texts,
    GroupAdd: texts,
    SecurityOpt: texts,
    Ulimits: z.array(ulimit).exactOptional(),
    Init: flag,
    Privileged: flag,
    UsernsMode: z.string().exactOptional(),
    NetworkMode: z.string().exactOptional(),
    PortBindings: portBindings.exactOptional(),
    PublishAllPorts: flag,
    ShmSize: z.int().min(0, "SHM size can not be less than 0").exactOptional(),
    LogConfig: dockerObject({
      Type: z.string().exactOptional(),
      Config: dictionary(z.string()).exactOptional(),
    }).exactOptional(),
    ExtraHosts: texts,
    Links: z.array(linkSchema).exactOptional(),
    Dns: texts,
    DnsSearch: texts,
    DnsOptions: texts,
    MaskedPaths: texts,
    ReadonlyPaths: texts,
    RestartPolicy: restartPolicySchema,
    ConsoleSize: z
      .array(z.int().min(0))
      .max(2)
      // Go fills an array from a shorter list.
      .transform(([rows = 0, columns = 0]): [number, number] => [rows, columns])
      .exactOptional(),
    Isolation: z
      .literal("default", {
        error: ({ input }) => `invalid isolation (${input}): linux only supports 'default'`,
      })
      .exactOptional(),
    Annotations: dictionary(z.string()).exactOptional(),
    OomScoreAdj: z.int().exactOptional(),
    CgroupParent: z.string().exactOptional(),
    Devices: z.array(device).exactOptional(),
    Sysctls: dictionary(z.string()).exactOptional(),
    PidMode: z.string().exactOptional(),
    IpcMode: z.string().exactOptional(),
    UTSMode: z.string().exactOptional(),
    CgroupnsMode: z.string().exactOptional(),
    // Old Compose files name Docker's default runtime.
    Runtime: z
      .enum(["tbox", "runc"], {
        error: ({ input }) => `unknown or invalid runtime name: ${input}: there is only tbox`,
      })
      .exactOptional(),
    ...resourceShape,
    ContainerIDFile: z.string().exactOptional(),
  },
  {
    unset: { ShmSize: [0], ConsoleSize: [[0, 0]], OomScoreAdj: [0], ...unsetResources },
    unsupported: { ...unsupportedResources, Cgroup: [], StorageOpt: [] },
    reasons: {
      ...resourceReasons,
      Cgroup: "not supported: use CgroupParent",
      StorageOpt: "not supported: only root can limit how much a directory holds (project quotas)",
    },
  },
);
