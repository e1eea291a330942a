import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject, notSupported } from "../schema/docker-object.ts";

/** Driver option of an endpoint for the name of its interface in the container. */
export const interfaceOption = "com.docker.network.endpoint.ifname";

const text = z.string().exactOptional();
const texts = z.array(z.string()).exactOptional();

/** Fields of an inspected endpoint that clients send back. */
const unsupported = {
  DNSNames: [],
  EndpointID: [],
  Gateway: [],
  GlobalIPv6Address: [],
  GlobalIPv6PrefixLen: [],
  IPAddress: [],
  IPPrefixLen: [],
  IPv6Gateway: [],
  NetworkID: [],
};

/** Schema of a link: `name`, `name:alias`, or the form of an inspection, `/name:/container/alias`. */
export const linkSchema = z.string().transform((given, context) => {
  const [, name, alias = name] = /^\/?([^:/]+)(?::(?:\/[^:/]+\/)?([^:/]+))?$/.exec(given) ?? [];
  if (name !== undefined && alias !== undefined) return { name, alias };
  const message = `bad format for links: ${JSON.stringify(given)}: it must be name or name:alias`;
  context.issues.push({ code: "custom", input: given, message });
  return z.NEVER;
});

const driverOptions = dictionary(z.string()).transform((options, context) => {
  for (const [name, value] of Object.entries(options)) {
    if (name === interfaceOption) continue;
    const message = `endpoint option ${name} is not supported`;
    context.issues.push({
      code: "custom",
      input: value,
      path: [name],
      message,
      params: notSupported,
    });
  }
  return options[interfaceOption];
});

/** Schema of Docker's `EndpointSettings`: the settings of a container on a network. */
export const endpointSchema = dockerObject(
  {
    Aliases: texts,
    Links: z.array(linkSchema).exactOptional(),
    MacAddress: text,
    GwPriority: z.int().exactOptional(),
    DriverOpts: driverOptions.exactOptional(),
    IPAMConfig: dockerObject({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts }).exactOptional(),
  },
  { unsupported, unset: { GwPriority: [0], Aliases: [[]], Links: [[]] } },
).transform(({ Aliases, Links, MacAddress, GwPriority, DriverOpts, IPAMConfig = {} }) => {
  const { IPv4Address, IPv6Address, LinkLocalIPs } = IPAMConfig;
  return {
    ...(Aliases ? { aliases: [...new Set(Aliases)] } : {}),
    ...(Links ? { links: Links } : {}),
    ...(IPv4Address === undefined ? {} : { ipv4: IPv4Address }),
    ...(IPv6Address === undefined ? {} : { ipv6: IPv6Address }),
    ...(LinkLocalIPs && LinkLocalIPs.length > 0 ? { linkLocal: LinkLocalIPs } : {}),
    ...(MacAddress === undefined ? {} : { mac: MacAddress.toLowerCase() }),
    ...(GwPriority === undefined ? {} : { priority: GwPriority }),
    ...(DriverOpts === undefined ? {} : { interface: DriverOpts }),
  };
});
