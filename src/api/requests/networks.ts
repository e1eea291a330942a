import { z } from "zod";
import { parseBoolean } from "#support/boolean.ts";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { queryFilters } from "../schema/filters.ts";
import { withWarnings } from "../schema/ignored-names.ts";
import { objectName } from "../schema/names.ts";
import { query } from "../schema/query.ts";
import { endpointSchema } from "./endpoint.ts";

/** Schema of the parameters of `/networks/{id}`. */
export const networkParams = z.strictObject({ id: objectName });

/** Query of `GET /networks`. */
export const listNetworksQuery = query({ filters: queryFilters });

/** Query of `GET /networks/{id}`. `verbose` has no effect without a swarm. */
export const inspectNetworkQuery = query({
  verbose: z
    .string()
    .refine((text) => text === "" || parseBoolean(text) !== undefined, {
      error: ({ input }) => `invalid value for verbose: ${input}`,
    })
    .exactOptional(),
  scope: z.enum(["", "local", "swarm"]).exactOptional(),
});

/** Query of `POST /networks/prune`. */
export const pruneNetworksQuery = query({ filters: queryFilters });

const text = z.string().exactOptional();
const flag = z.boolean().exactOptional();
const texts = dictionary(z.string()).exactOptional();

const pool = dockerObject({
  Subnet: text,
  IPRange: text,
  Gateway: text,
  AuxiliaryAddresses: texts,
}).transform(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
  ...(Subnet === undefined ? {} : { subnet: Subnet }),
  ...(IPRange === undefined ? {} : { range: IPRange }),
  ...(Gateway === undefined ? {} : { gateway: Gateway }),
  ...(AuxiliaryAddresses === undefined ? {} : { reserved: AuxiliaryAddresses }),
}));

const network = dockerObject(
  {
    Name: z.string().default(""),
    // Accepted and ignored: network names are always unique.
    CheckDuplicate: flag,
    Driver: text,
    Scope: z.literal("local", 'Invalid input: only the scope "local" is there').exactOptional(),
    Internal: flag,
    Attachable: flag,
    EnableIPv4: z.literal(true, "Invalid input: a network without IPv4 is not supported").exactOptional(),
    EnableIPv6: flag,
    IPAM: dockerObject({
      Driver: z.literal("default", 'Invalid input: only the driver "default" is there').exactOptional(),
      Config: z.array(pool).exactOptional(),
      Options: texts,
    }).exactOptional(),
    Options: texts,
    Labels: texts,
  },
  {
    unsupported: { ConfigFrom: [], ConfigOnly: [], Ingress: [] },
    reasons: {
      ConfigFrom: "not supported: only networks of a Swarm have a separate configuration",
      ConfigOnly: "not supported: only networks of a Swarm have a separate configuration",
      Ingress: "not supported: there is no Swarm",
    },
  },
).transform(({ Name, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels }) => ({
  name: Name,
  ...(Driver === undefined ? {} : { driver: Driver }),
  ...(Internal === undefined ? {} : { internal: Internal }),
  ...(Attachable === undefined ? {} : { attachable: Attachable }),
  ...(EnableIPv6 === undefined ? {} : { ipv6: EnableIPv6 }),
  ...(IPAM?.Config === undefined ? {} : { pools: IPAM.Config }),
  ...(IPAM?.Options === undefined ? {} : { addressOptions: IPAM.Options }),
  ...(Options === undefined ? {} : { options: Options }),
  ...(Labels === undefined ? {} : { labels: Labels }),
}));

/** Body of `POST /networks/create`. */
export const createNetworkSchema = withWarnings(network);

/** Body of `POST /networks/{id}/connect`. */
export const connectNetworkSchema = dockerObject({
  Container: z.string().min(1),
  EndpointConfig: endpointSchema.exactOptional(),
});

/** Body of `POST /networks/{id}/disconnect`. `Force` is for stale endpoints, which tbox does not have. */
export const disconnectNetworkSchema = dockerObject({ Container: z.string().min(1), Force: flag });
