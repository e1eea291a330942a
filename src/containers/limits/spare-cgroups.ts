import { closeSync } from "node:fs";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import type { Launch, Zygote } from "#native/zygote/zygote.ts";

/** Number of spare cgroups: one for each sandbox that the zygote keeps ready. */
const mostSpares = 4;

export interface SpareCgroupsOptions {
  zygote: Zygote;
  /** Returns the name of a cgroup of this store that belongs to no container. */
  newName(): string;
  /** Removes a cgroup, with the sandbox in it. */
  remove(path: string): void;
  warn(message: string, error: unknown): void;
}

/** Empty cgroups for the next containers, in which the zygote prepares sandboxes. Daemon and zygote use them in their order. */
export interface SpareCgroups extends Disposable {
  /** Returns the name of the next spare below these delegated cgroups; undefined when there is none. */
  take(base: Cgroup): string | undefined;
  /** Creates the missing spares, and passes them to the zygote. */
  prepare(): void;
}

export function openSpareCgroups({ zygote, newName, remove, warn }: SpareCgroupsOptions): SpareCgroups {
  let names: string[] = [];
  let owner: Cgroup | undefined;
  const drop = () => {
    for (const name of names) remove(`${owner?.path}/${name}`);
    names = [];
  };
  const create = (base: Cgroup) => {
    const created = Array.from({ length: mostSpares - names.length }, newName);
    const descriptors = created.map((name) => base.prepareChild(name, []));
    try {
      zygote.addCgroups(descriptors);
      names.push(...created);
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  };
  return {
    take: (base) => (base === owner ? names.shift() : undefined),
    prepare() {
      const { base } = zygote.delegation;
      // Another zygote knows none of them.
      if (base !== owner) drop();
      owner = base;
      if (base === undefined || names.length === mostSpares) return;
      try {
        create(base);
      } catch (error) {
        warn("create cgroups for the next containers", error);
      }
    },
    [Symbol.dispose]: drop,
  };
}

/** Returns whether a prepared sandbox may suit a start. The zygote makes the decision. */
export function suitsSandbox({ root, shared, sysctls, network, process, mounts }: Launch): boolean {
  return (
    root.type === "layers" &&
    root.targets !== true &&
    isEmpty(shared) &&
    isEmpty(sysctls) &&
    network.type !== "host" &&
    process.keepId === undefined &&
    process.oomScoreAdjustment === undefined &&
    mounts.every(({ type }) => type !== "tree")
  );
}

function isEmpty(fields: object = {}): boolean {
  return Object.keys(fields).length === 0;
}
