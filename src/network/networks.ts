import type { NetState } from "#native/net-helper.ts";
import type { PortRequest } from "#native/net-protocol.ts";
import type { Joined, Network } from "./network.ts";

/** The networks of the store. `name` is a name, an ID, or a unique ID prefix. */
export interface Networks extends AsyncDisposable {
  /** Throws not-found with Docker's text. */
  get(name: string): Network;
  /** By whole name or ID. */
  named(name: string): Network | undefined;
  list(filters: Map<string, string[]>): Network[];
  /**
   * A network namespace on the default network: at once if one is ready. Nothing when the helper cannot make
   * any: `trouble` says why. With `fresh` none that is ready will do: its helper may have died.
   */
  join(options?: { fresh?: boolean }): Joined | Promise<Joined | undefined>;
  /** Has ports of the host lead to what was joined, all or none, and notes them there. */
  publish(joined: Joined, ports: PortRequest[]): Promise<void>;
  /** Gives back what a container that has ended was in. Its ports are free when this settles. */
  leave(joined: Joined): Promise<void>;
  /** Takes note of what containers that run are in; every other namespace is thrown away. */
  adopt(inUse: Joined[]): Promise<void>;
  /** What does not work, for people; nothing when all does. */
  trouble(): string | undefined;
  /** Of the helper, which is started for it; throws when there is none. */
  state(): Promise<NetState>;
}

/** The network of containers that ask for none. */
export const defaultNetwork = "bridge";
