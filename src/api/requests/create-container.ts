import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { endpointSchema } from "./endpoint.ts";
import { hostConfigSchema } from "./host-config.ts";

/** A list of words, or a single word. */
const words = z
  .union([z.string().transform((word) => [word]), z.array(z.string())], "expected a list of texts")
  .exactOptional();
const text = z.string().exactOptional();
const flag = z.boolean().exactOptional();
const empty = dockerObject({});

/** Ports of `ExposedPorts`; `8080` means `8080/tcp`. */
const ports = dictionary(empty).transform((given, context) =>
  Object.fromEntries(
    Object.entries(given).map(([port, value]) => {
      if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(port)) {
        context.issues.push({ code: "custom", input: port, path: [port], message: "invalid port" });
      }
      return [port.includes("/") ? port : `${port}/tcp`, value];
    }),
  ),
);

/** A duration in nanoseconds; Docker's minimum is a millisecond, and 0 is the default. */
const nanoseconds = (name: string) =>
  z
    .int()
    .refine((value) => value === 0 || value >= 1_000_000, `${name} in Healthcheck cannot be less than 1ms`)
    .exactOptional();

const healthcheck = dockerObject({
  Test: z
    .array(z.string())
    .refine(
      ([kind]) => kind === undefined || ["NONE", "CMD", "CMD-SHELL"].includes(kind),
      "the first word must be NONE, CMD or CMD-SHELL",
    )
    .exactOptional(),
  Interval: nanoseconds("Interval"),
  Timeout: nanoseconds("Timeout"),
  StartPeriod: nanoseconds("StartPeriod"),
  StartInterval: nanoseconds("StartInterval"),
  Retries: z.int().min(0, "Retries in Healthcheck cannot be negative").exactOptional(),
});

const config = {
  Image: text,
  Rootfs: text,
  Cmd: words,
  Entrypoint: words,
  Env: z.array(z.string()).exactOptional(),
  User: text,
  WorkingDir: text,
  Hostname: text,
  Domainname: text,
  Labels: dictionary(z.string()).exactOptional(),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  StopSignal: text,
  StopTimeout: z.int().exactOptional(),
  Healthcheck: healthcheck.exactOptional(),
  Shell: z.array(z.string()).exactOptional(),
  ExposedPorts: ports.exactOptional(),
  Volumes: dictionary(empty).exactOptional(),
  NetworkDisabled: flag,
  // Windows' way to write a command line; it has no effect on Linux.
  ArgsEscaped: flag,
  // Instructions for builds from an image of the container.
  OnBuild: z.array(z.string()).exactOptional(),
};

/** Empty texts that are a value: one empty word. */
const meaningful = { Cmd: [""], Entrypoint: [""] };

/** Body of `POST /commit`: settings that replace those of the container. */
export const commitContainerSchema = dockerObject(config, {
  unsupported: { MacAddress: [] },
  meaningful,
});

/** Body of `POST /containers/create`, with the fields that tbox honours. */
export const createContainerSchema = dockerObject(
  {
    ...config,
    MacAddress: text,
    HostConfig: hostConfigSchema.exactOptional(),
    NetworkingConfig: dockerObject({
      EndpointsConfig: dictionary(endpointSchema.nullable()).exactOptional(),
    }).exactOptional(),
  },
  { meaningful },
).transform((given) => {
  if (given.NetworkingConfig === undefined && given.MacAddress === undefined) return given;
  const { NetworkingConfig, ...request } = given;
  const { MacAddress } = request;
  const mode = request.HostConfig?.NetworkMode ?? "default";
  const endpoints = Object.entries(NetworkingConfig?.EndpointsConfig ?? {});
  const networks = Object.fromEntries(endpoints.map(([name, settings]) => [name, settings ?? {}]));
  // The address belongs to the network of `NetworkMode`.
  if (MacAddress !== undefined) networks[mode] = { mac: MacAddress.toLowerCase(), ...networks[mode] };
  for (const name of [mode, "default"]) {
    if (Object.keys(networks[name] ?? {}).length === 0) delete networks[name];
  }
  return Object.keys(networks).length > 0 ? { ...request, Networks: networks } : request;
});
