import { closeSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import type { Launch, Zygote } from "#native/zygote/zygote.ts";

/** Number of spare cgroups: one for each sandbox that the zygote keeps ready. */
const mostSpares = 4;

/** Milliseconds before a taken spare is replaced, unless a container ends earlier. */
const preparationDelay = 20;

export interface SpareCgroupsOptions {
  zygote: Zygote;
  /** Returns the name of a cgroup of this store that belongs to no container. */
  newName(): string;
  /** Removes a cgroup, with the sandbox in it. */
  remove(path: string): void;
  warn(message: string, error: unknown): void;
}

/** An empty cgroup, and a descriptor of it that the caller closes. */
interface SpareCgroup {
  name: string;
  descriptor: number;
}

/** Empty cgroups for the next containers, in which the zygote prepares sandboxes. Daemon and zygote use them in their order. */
export interface SpareCgroups extends Disposable {
  /** Takes the next spare below these delegated cgroups, which is replaced later; returns undefined when there is none. */
  take(base: Cgroup): SpareCgroup | undefined;
  /** Returns whether a spare has this path. */
  has(path: string): boolean;
  /** Creates the missing spares, and passes them to the zygote. */
  prepare(): void;
}

export function openSpareCgroups({ zygote, newName, remove, warn }: SpareCgroupsOptions): SpareCgroups {
  let names: string[] = [];
  let owner: Cgroup | undefined;
  let failing = false;
  let timer: Timer | undefined;
  const drop = () => {
    for (const name of names) remove(`${owner?.path}/${name}`);
    names = [];
  };
  const create = (base: Cgroup) => {
    const created: string[] = [];
    const descriptors: number[] = [];
    try {
      while (names.length + created.length < mostSpares) {
        const name = newName();
        descriptors.push(base.prepareChild(name, []));
        created.push(name);
      }
      zygote.addCgroups(descriptors);
      names.push(...created);
    } catch (error) {
      for (const name of created) remove(`${base.path}/${name}`);
      throw error;
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  };
  const prepare = () => {
    clearTimeout(timer);
    timer = undefined;
    const { base } = zygote.delegation;
    // Another zygote knows none of them.
    if (base !== owner) drop();
    owner = base;
    if (base === undefined || names.length === mostSpares) return;
    try {
      create(base);
      failing = false;
    } catch (error) {
      // Every start tries again.
      if (!failing) warn("create cgroups for the next containers", error);
      failing = true;
    }
  };
  return {
    take(base) {
      timer ??= setTimeout(prepare, preparationDelay).unref();
      if (base !== owner) return undefined;
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        const descriptor = openExisting(base, name);
        if (descriptor !== undefined) return { name, descriptor };
      }
      return undefined;
    },
    has: (path) => names.some((name) => path === `${owner?.path}/${name}`),
    prepare,
    [Symbol.dispose]() {
      clearTimeout(timer);
      drop();
    },
  };
}

/** Opens a cgroup; returns undefined if someone has removed it, as users and systemd can. */
function openExisting(base: Cgroup, name: string): number | undefined {
  try {
    return base.openChild(name);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
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
