import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject, notSupported } from "../schema/docker-object.ts";

/** Driver option of an endpoint for the name of its interface in the container. */
export const interfaceOption = "com.docker.network.endpoint.ifname";

const text = z.string().exactOptional();
const texts = z.array(z.string()).exactOptional();

/** Fields of an inspected endpoint, which clients send back. The settings are in `IPAMConfig`. */
const answersOnly = [
  "DNSNames",
  "EndpointID",
  "Gateway",
  "GlobalIPv6Address",
  "GlobalIPv6PrefixLen",
  "IPAddress",
  "IPPrefixLen",
  "IPv6Gateway",
  "NetworkID",
];

/** Schema of a link: `name`, `name:alias`, or the form of an inspection, `/name:/container/alias`; a slash before the alias is dropped. */
export const linkSchema = z.string().transform((given, context) => {
  const [, name, alias = name] = /^\/?([^:/]+)(?::(?:\/(?:[^:/]+\/)?)?([^:/]+))?$/.exec(given) ?? [];
  if (name !== undefined && alias !== undefined) return { name, alias };
  const message = `bad format for links: ${JSON.stringify(given)}: it must be name or name:alias`;
  context.issues.push({ code: "custom", input: given, message });
  return z.NEVER;
});

/** Options of Docker's drivers that tbox does not honour. */
const unsupportedOptions = ["com.docker.network.endpoint.sysctls"];

/** Options of an endpoint. Those that no driver knows are part of the result and have no effect. */
const driverOptions = dictionary(z.string()).transform(({ [interfaceOption]: name, ...others }, context) => {
  for (const option of unsupportedOptions.filter((known) => Object.hasOwn(others, known))) {
    const message = `endpoint option ${option} is not supported`;
    context.issues.push({ code: "custom", input: others, path: [option], message, params: notSupported });
  }
  return { name, others };
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
  { answersOnly, unset: { GwPriority: [0], Aliases: [[]], Links: [[]] } },
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
    ...(DriverOpts?.name === undefined ? {} : { interface: DriverOpts.name }),
    ...(Object.keys(DriverOpts?.others ?? {}).length > 0 ? { options: DriverOpts?.others ?? {} } : {}),
  };
});
