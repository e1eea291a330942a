import { z } from "zod";
import { dictionary, dockerObject, notSupported } from "./docker-object.ts";
import { hostConfigSchema } from "./host-config.ts";

/** One word, or the list of them. */
const words = z.union([z.string().transform((word) => [word]), z.array(z.string())]).exactOptional();
const text = z.string().exactOptional();
const flag = z.boolean().exactOptional();
const empty = dockerObject({});

/** `8080` is `8080/tcp`. */
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

const endpoint = dockerObject(
  {},
  {
    unsupported: {
      Aliases: [],
      DNSNames: [],
      DriverOpts: [],
      EndpointID: [],
      Gateway: [],
      GlobalIPv6Address: [],
      GlobalIPv6PrefixLen: [],
      GwPriority: [],
      IPAMConfig: [],
      IPAddress: [],
      IPPrefixLen: [],
      IPv6Gateway: [],
      Links: [],
      MacAddress: [],
      NetworkID: [],
    },
  },
);

/** Body of `POST /containers/create`: what tbox honours of it. */
export const createContainerSchema = dockerObject(
  {
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
    StopTimeout: z.int().min(-1).exactOptional(),
    ExposedPorts: ports.exactOptional(),
    Volumes: dictionary(empty).exactOptional(),
    HostConfig: hostConfigSchema.exactOptional(),
    NetworkingConfig: dockerObject({ EndpointsConfig: dictionary(endpoint).exactOptional() }).exactOptional(),
  },
  {
    unsupported: {
      ArgsEscaped: [],
      Healthcheck: [{ Test: ["NONE"] }],
      MacAddress: [],
      NetworkDisabled: [],
      OnBuild: [],
      Shell: [],
    },
  },
).transform(({ NetworkingConfig, ...request }, context) => {
  const mode = request.HostConfig?.NetworkMode ?? "default";
  for (const network of Object.keys(NetworkingConfig?.EndpointsConfig ?? {})) {
    if (network === mode || network === "default") continue;
    const path = ["NetworkingConfig", "EndpointsConfig", network];
    const message = "a network besides HostConfig.NetworkMode is not supported yet";
    context.issues.push({ code: "custom", input: network, path, message, params: notSupported });
  }
  return request;
});
