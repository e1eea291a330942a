/** One resource that a user holds. */
export interface Use<Kind extends string> {
  kind: Kind;
  /** ID or name of the resource, unique within its kind. */
  key: string;
  /** Whether the resource is in use now, not merely referenced for later use. */
  active: boolean;
}

/** The owner of uses. */
export interface User {
  /** Unique among all users. */
  readonly id: string;
  /** Name for messages. */
  readonly name: string;
}

/** A user of one resource. */
export interface ResourceUser extends User {
  readonly active: boolean;
}

/** Queries for the users of a resource. */
export interface UsageQueries<Kind extends string> {
  /** Returns the users of a resource in the order in which they first registered it. */
  users(kind: Kind, key: string): ResourceUser[];
  /** Returns the number of users of a resource. */
  count(kind: Kind, key: string): number;
  isUsed(kind: Kind, key: string): boolean;
}

/** References from users to resources. Code that deletes a resource must check its users first. */
export interface UsageRegister<Kind extends string> extends UsageQueries<Kind> {
  /** Registers all current uses of a user; replaces the earlier uses. */
  register(user: User, uses: readonly Use<Kind>[]): void;
  /** Removes a user and all of its uses; does nothing for an unknown user. */
  withdraw(id: string): void;
}

/** Opens an empty register in memory. Users must register again after a restart. */
export function openUsageRegister<Kind extends string>(): UsageRegister<Kind> {
  // By kind and key, because a list asks for the number of users of a thousand images.
  const byKind = new Map<Kind, Map<string, Map<string, ResourceUser>>>();
  const byUser = new Map<string, readonly Use<Kind>[]>();

  function usersOf(kind: Kind, key: string): Map<string, ResourceUser> | undefined {
    return byKind.get(kind)?.get(key);
  }

  function ensureUsers({ kind, key }: Use<Kind>): Map<string, ResourceUser> {
    const resources = byKind.get(kind) ?? new Map<string, Map<string, ResourceUser>>();
    byKind.set(kind, resources);
    const users = resources.get(key) ?? new Map<string, ResourceUser>();
    resources.set(key, users);
    return users;
  }

  function drop({ kind, key }: Use<Kind>, id: string): void {
    const users = usersOf(kind, key);
    users?.delete(id);
    if (users?.size === 0) byKind.get(kind)?.delete(key);
  }

  return {
    register({ id, name }, uses) {
      const earlier = byUser.get(id) ?? [];
      // Unchanged uses stay registered, so that a resource never appears unused in between.
      const isKept = (use: Use<Kind>) => uses.some((one) => isSame(one, use));
      if (!areSame(earlier, uses)) for (const use of earlier) if (!isKept(use)) drop(use, id);
      for (const use of uses) ensureUsers(use).set(id, { id, name, active: use.active });
      if (uses.length > 0) byUser.set(id, uses);
      else byUser.delete(id);
    },
    withdraw(id) {
      for (const use of byUser.get(id) ?? []) drop(use, id);
      byUser.delete(id);
    },
    users: (kind, key) => [...(usersOf(kind, key)?.values() ?? [])],
    count: (kind, key) => usersOf(kind, key)?.size ?? 0,
    isUsed: (kind, key) => usersOf(kind, key) !== undefined,
  };
}

/** Tests whether two lists name the same resources. */
function areSame(some: readonly Use<string>[], others: readonly Use<string>[]): boolean {
  return some.length === others.length && some.every((use, index) => isSame(use, others[index]));
}

function isSame({ kind, key }: Use<string>, other: Use<string> | undefined): boolean {
  return kind === other?.kind && key === other.key;
}
