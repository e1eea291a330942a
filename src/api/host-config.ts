import { z } from "zod";
import { dictionary, dockerObject } from "./docker-object.ts";
import { mountSchema } from "./mount.ts";
import { resourceShape, unsetResources } from "./resources.ts";

const texts = z.array(z.string()).exactOptional();
const flag = z.boolean().exactOptional();

const portBinding = dockerObject({
  HostIp: z.string().exactOptional(),
  HostPort: z.string().exactOptional(),
});

const ulimit = z.strictObject({ Name: z.string(), Soft: z.int(), Hard: z.int() });

/** `8080` is `8080/tcp`. */
const portBindings = dictionary(z.array(portBinding).nullable()).transform((given) =>
  Object.fromEntries(
    Object.entries(given).map(([port, value]) => [port.includes("/") ? port : `${port}/tcp`, value]),
  ),
);

/** `HostConfig` of `POST /containers/create`. */
export const hostConfigSchema = dockerObject(
  {
    AutoRemove: flag,
    Binds: texts,
    Mounts: z.array(mountSchema).exactOptional(),
    VolumesFrom: texts,
    Tmpfs: dictionary(z.string()).exactOptional(),
    ReadonlyRootfs: flag,
    CapAdd: texts,
    CapDrop: texts,
    GroupAdd: texts,
    SecurityOpt: texts,
    Ulimits: z.array(ulimit).exactOptional(),
    Init: flag,
    Privileged: flag,
    UsernsMode: z.enum(["host", "keep-id"], "must be host or keep-id").exactOptional(),
    NetworkMode: z.string().exactOptional(),
    PortBindings: portBindings.exactOptional(),
    PublishAllPorts: flag,
    ShmSize: z.int().min(0).exactOptional(),
    LogConfig: dockerObject({
      Type: z.string().exactOptional(),
      Config: dictionary(z.string()).exactOptional(),
    }).exactOptional(),
    ExtraHosts: texts,
    Dns: texts,
    DnsSearch: texts,
    DnsOptions: texts,
    MaskedPaths: texts,
    ReadonlyPaths: texts,
    RestartPolicy: dockerObject({
      Name: z.string().exactOptional(),
      MaximumRetryCount: z.int().exactOptional(),
    }).exactOptional(),
    ConsoleSize: z.tuple([z.int().min(0), z.int().min(0)]).exactOptional(),
    Isolation: z.literal("default", "must be default on Linux").exactOptional(),
    Annotations: dictionary(z.string()).exactOptional(),
    OomScoreAdj: z.int().exactOptional(),
    CgroupParent: z.string().exactOptional(),
    ...resourceShape,
    // The client writes this file itself.
    ContainerIDFile: z.string().exactOptional(),
  },
  {
    unset: { ShmSize: [0], ConsoleSize: [[0, 0]], OomScoreAdj: [0], ...unsetResources },
    unsupported: {
      Cgroup: [],
      CgroupnsMode: ["private"],
      CpuCount: [],
      CpuPercent: [],
      DeviceCgroupRules: [],
      DeviceRequests: [],
      Devices: [],
      IOMaximumBandwidth: [],
      IOMaximumIOps: [],
      IpcMode: ["private"],
      Links: [],
      PidMode: [],
      Runtime: [],
      StorageOpt: [],
      Sysctls: [],
      UTSMode: [],
      VolumeDriver: ["local"],
    },
  },
).transform(({ ContainerIDFile: _, ...hostConfig }) => hostConfig);
