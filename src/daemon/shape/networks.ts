import type { ContainerRecord } from "#containers/record.ts";

/** The networks a container is in, each without an address: `none` and `host` give none. */
export function containerNetworks({ hostConfig }: ContainerRecord) {
  const mode = hostConfig.NetworkMode ?? "default";
  const name = mode === "default" ? "none" : mode;
  return {
    [name]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      MacAddress: "",
      DriverOpts: null,
      GwPriority: 0,
      NetworkID: "",
      EndpointID: "",
      Gateway: "",
      IPAddress: "",
      IPPrefixLen: 0,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      DNSNames: null,
    },
  };
}
