/** Addresses of a container on a network; empty or 0 while the container does not run. */
export interface EndpointAddresses {
  EndpointID: string;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
}

/** A container's endpoint on a network: an item of `NetworkSettings.Networks`. */
export interface EndpointAnswer extends EndpointAddresses {
  /** Addresses that the request asked for; null for none. */
  IPAMConfig: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null;
  /** `name:alias`; null for none. */
  Links: string[] | null;
  Aliases: string[] | null;
  DriverOpts: Record<string, string> | null;
  /** The endpoint with the highest priority has the default route. */
  GwPriority: number;
  NetworkID: string;
  /** Names under which other containers on the network find this one; null for none. */
  DNSNames: string[] | null;
}

/** Answer of `GET /networks/{id}`, and an item of `GET /networks`. */
export interface NetworkInspect {
  Name: string;
  /** 64 hexadecimal digits. */
  Id: string;
  /** RFC 3339. */
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: SubnetAnswer[] };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  /** Running containers on the network by ID; empty in the list of networks. */
  Containers: Record<string, NetworkContainer>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

/** A subnet of a network, in CIDR notation. */
export interface SubnetAnswer {
  Subnet: string;
  /** The part of the subnet that addresses are taken from. */
  IPRange?: string;
  Gateway: string;
  /** Reserved addresses by name. */
  AuxiliaryAddresses?: Record<string, string>;
}

/** A running container on a network; addresses in CIDR notation, empty for none. */
export interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
}

/** Answer of `POST /networks/create`. */
export interface NetworkCreated {
  Id: string;
  Warning: string;
}
