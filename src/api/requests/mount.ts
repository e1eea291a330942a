import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject, notSupported } from "../schema/docker-object.ts";

const types = ["bind", "tmpfs", "volume", "image"] as const;
const known = ["npipe", "cluster"];

const mountType = z
  .string()
  .default("")
  .transform((type, context) => {
    const supported = types.find((candidate) => candidate === type);
    if (supported !== undefined) return supported;
    const message = known.includes(type)
      ? `mounts of type "${type}" are not supported`
      : `mount type unknown: "${type}"`;
    const params = known.includes(type) ? notSupported : {};
    context.issues.push({ code: "custom", input: type, message, params });
    return z.NEVER;
  });

/** Schema of an item of `HostConfig.Mounts`. */
export const mountSchema = dockerObject(
  {
    Type: mountType,
    Source: z.string().exactOptional(),
    Target: z.string("field Target must not be empty"),
    ReadOnly: z.boolean().exactOptional(),
    BindOptions: dockerObject(
      {
        Propagation: z.string().exactOptional(),
        NonRecursive: z.boolean().exactOptional(),
        CreateMountpoint: z.boolean().exactOptional(),
        ReadOnlyNonRecursive: z.boolean().exactOptional(),
      },
      // A read-only mount includes the mounts below it, or the container does not start.
      { unsupported: { ReadOnlyForceRecursive: [true] } },
    ).exactOptional(),
    VolumeOptions: dockerObject(
      {
        NoCopy: z.boolean().exactOptional(),
        Labels: dictionary(z.string()).exactOptional(),
        DriverConfig: dockerObject({
          Name: z.string().exactOptional(),
          Options: dictionary(z.string()).exactOptional(),
        }).exactOptional(),
        Subpath: z.string().exactOptional(),
      },
      {},
    ).exactOptional(),
    ImageOptions: dockerObject({ Subpath: z.string().exactOptional() }).exactOptional(),
    TmpfsOptions: dockerObject(
      {
        SizeBytes: z.int().min(0).exactOptional(),
        Mode: z.int().min(0).exactOptional(),
        Options: z.array(z.array(z.string()).min(1).max(2)).exactOptional(),
      },
      { unset: { SizeBytes: [0], Mode: [0] } },
    ).exactOptional(),
  },
  {
    unsupported: {
      // Modes of caching the host's files in a virtual machine; they have no effect on Linux.
      Consistency: ["default", "consistent", "cached", "delegated"],
      ClusterOptions: [],
    },
  },
);
