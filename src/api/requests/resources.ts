import { z } from "zod";
import { dockerObject } from "../schema/docker-object.ts";

const integer = z.int().exactOptional();
const rates = z.array(dockerObject({ Path: z.string(), Rate: z.int().min(0) })).exactOptional();

/** Schemas of the fields of `HostConfig` that limit a container's resources. */
export const resourceShape = {
  Memory: z.int().min(0).exactOptional(),
  MemorySwap: integer,
  MemoryReservation: z.int().min(0).exactOptional(),
  MemorySwappiness: integer,
  OomKillDisable: z.boolean().exactOptional(),
  KernelMemory: integer,
  KernelMemoryTCP: integer,
  NanoCpus: integer,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuShares: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: z.string().exactOptional(),
  CpusetMems: z.string().exactOptional(),
  PidsLimit: integer,
  BlkioWeight: integer,
  BlkioWeightDevice: z.array(dockerObject({ Path: z.string(), Weight: z.int() })).exactOptional(),
  BlkioDeviceReadBps: rates,
  BlkioDeviceWriteBps: rates,
  BlkioDeviceReadIOps: rates,
  BlkioDeviceWriteIOps: rates,
};

/** Values of these fields that set no limit. */
export const unsetResources = {
  Memory: [0, -1],
  MemorySwap: [0],
  MemoryReservation: [0, -1],
  MemorySwappiness: [-1],
  OomKillDisable: [false],
  KernelMemory: [0, -1],
  KernelMemoryTCP: [0, -1],
  NanoCpus: [0],
  CpuPeriod: [0],
  CpuQuota: [0, -1],
  CpuShares: [0],
  CpuRealtimePeriod: [0],
  CpuRealtimeRuntime: [0],
  PidsLimit: [0],
  BlkioWeight: [0],
  BlkioWeightDevice: [[]],
  BlkioDeviceReadBps: [[]],
  BlkioDeviceWriteBps: [[]],
  BlkioDeviceReadIOps: [[]],
  BlkioDeviceWriteIOps: [[]],
};

/** Resources of Docker's API that tbox does not limit. */
export const unsupportedResources = {
  CpuCount: [],
  CpuPercent: [],
  DeviceCgroupRules: [],
  DeviceRequests: [],
  IOMaximumBandwidth: [],
  IOMaximumIOps: [],
};

const forWindows = "not supported: it is for Windows";

/** Messages for these resources. */
export const resourceReasons = {
  CpuCount: forWindows,
  CpuPercent: forWindows,
  DeviceCgroupRules: "not supported: only root can make rules for devices; Devices names those to have",
  DeviceRequests: "not supported: name the device files in Devices (--device /dev/nvidia0)",
  IOMaximumBandwidth: forWindows,
  IOMaximumIOps: forWindows,
};
