import type { SystemInformation } from "#engine/system-information.ts";

export const fakeInformation: SystemInformation = {
  id: "0c3fa5ad-0000-4000-8000-000000000000",
  name: "machine",
  kernelVersion: "6.1.0",
  operatingSystem: "Debian GNU/Linux 12",
  osVersion: "12",
  architecture: "x86_64",
  cpus: 2,
  memory: 1024,
  dataDirectory: "/data",
  storageDriver: "overlay",
  driverStatus: [["Native Overlay", "true"]],
  cgroupDriver: "none",
  controllers: [],
  swapLimit: false,
  cgroupVersion: "2",
  httpProxy: "",
  httpsProxy: "",
  noProxy: "",
  securityOptions: ["name=rootless"],
  warnings: [],
};
