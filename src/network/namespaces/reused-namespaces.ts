import { randomBytes } from "node:crypto";
import type { NetworkNamespace } from "../network.ts";

/**
 * Prepared network namespaces of isolated containers. Such a namespace serves another container if the zygote reports, after
 * the end of the first one, that nothing is left in it.
 */
export interface ReusedNamespaces {
  /** Resolves when the zygote can make such reports about a new namespace, or after a while. */
  prepare(sandbox: number): Promise<void>;
  /** Registers a namespace that a container gets. */
  lend(namespace: NetworkNamespace): void;
  /** Notes that a namespace gets interfaces, names or ports, after which it serves no other container. */
  change(namespace: NetworkNamespace): void;
  /** Takes a namespace that its container has left; returns false if it is to be released. */
  take(namespace: NetworkNamespace): boolean;
  /** Notes that the zygote can make reports about a namespace. */
  traced(sandbox: number): void;
  /** Notes the zygote's report. It may come before or after the container has left the namespace. */
  unused(sandbox: number): void;
  /** Forgets all namespaces. */
  close(): void;
}

export interface ReusedNamespacesOptions {
  /** Gets a namespace for another container; returns false if there are enough. */
  add: (namespace: NetworkNamespace) => boolean;
  release: (namespace: NetworkNamespace) => void;
  /** Milliseconds until a namespace without a report is not used again. */
  patience: number;
}

/** State of a namespace. */
type State =
  /** Waits until the zygote can make reports. */
  | { kind: "new"; traced: () => void }
  | { kind: "traced" }
  /** Belongs to a container. `reported`: nothing is left of it. */
  | { kind: "lent"; reported: boolean }
  /** Waits for the report. */
  | { kind: "left"; namespace: NetworkNamespace; timer: Timer };

export function openReusedNamespaces(options: ReusedNamespacesOptions): ReusedNamespaces {
  const { add, release, patience } = options;
  const states = new Map<number, State>();
  const reuse = (namespace: NetworkNamespace) => {
    states.set(namespace.sandbox, { kind: "traced" });
    if (add(withNewIds(namespace))) return;
    states.delete(namespace.sandbox);
    release(namespace);
  };
  return {
    prepare(sandbox) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const give = () => {
        states.delete(sandbox);
        resolve();
      };
      const timer = setTimeout(give, patience);
      const traced = () => {
        clearTimeout(timer);
        resolve();
      };
      states.set(sandbox, { kind: "new", traced });
      return promise;
    },
    lend({ sandbox }) {
      if (states.get(sandbox)?.kind === "traced") states.set(sandbox, { kind: "lent", reported: false });
    },
    change: ({ sandbox }) => void states.delete(sandbox),
    take(namespace) {
      const state = states.get(namespace.sandbox);
      if (state?.kind !== "lent") {
        states.delete(namespace.sandbox);
        return false;
      }
      if (state.reported) reuse(namespace);
      else states.set(namespace.sandbox, { kind: "left", namespace, timer: expire(namespace) });
      return true;
    },
    traced(sandbox) {
      const state = states.get(sandbox);
      if (state?.kind !== "new") return;
      states.set(sandbox, { kind: "traced" });
      state.traced();
    },
    unused(sandbox) {
      const state = states.get(sandbox);
      if (state?.kind === "lent") state.reported = true;
      if (state?.kind !== "left") return;
      clearTimeout(state.timer);
      reuse(state.namespace);
    },
    close() {
      for (const state of states.values()) if (state.kind === "left") clearTimeout(state.timer);
      states.clear();
    },
  };

  function expire(namespace: NetworkNamespace): Timer {
    const end = () => {
      states.delete(namespace.sandbox);
      release(namespace);
    };
    return setTimeout(end, patience).unref();
  }
}

/** Returns a namespace whose endpoints have new IDs: no two containers have the same ones. */
function withNewIds({ sandbox, endpoints }: NetworkNamespace): NetworkNamespace {
  const id = () => randomBytes(32).toString("hex");
  return { sandbox, endpoints: endpoints.map((endpoint) => ({ ...endpoint, id: id() })) };
}
