import type { EndpointSettings } from "#network/network.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { connectContainer, disconnectContainer } from "./connect.ts";
import { allLinks, type ContainerLink, linksOf } from "./links.ts";
import { unlinkContainer } from "./unlink.ts";

/** Changes to the networks and links of containers. They apply to a running container at once. */
export interface ContainerNetworking {
  connect(name: string, connection: { network: string; settings: EndpointSettings }): Promise<void>;
  disconnect(name: string, network: string): Promise<void>;
  /** Lists the links on the default network: of one container, or of all. */
  links(container?: ContainerRecord): ContainerLink[];
  /** Removes a link. Throws not-found for an unknown alias. */
  unlink(name: string, alias: string): Promise<void>;
}

export function containerNetworking(services: ContainerServices): ContainerNetworking {
  return {
    connect: (name, connection) => connectContainer(services, name, connection),
    disconnect: (name, network) => disconnectContainer(services, name, network),
    links: (container) => (container ? linksOf(services, container) : allLinks(services)),
    unlink: (name, alias) => unlinkContainer(services, name, alias),
  };
}
