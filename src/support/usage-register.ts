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
  const byResource = new Map<string, Map<string, ResourceUser>>();
  const byUser = new Map<
    string,
    { name: string; uses: readonly Use<Kind>[]; resources: ReadonlySet<string> }
  >();

  function drop(resource: string, id: string): void {
    const users = byResource.get(resource);
    users?.delete(id);
    if (users?.size === 0) byResource.delete(resource);
  }

  function withdraw(id: string): void {
    for (const resource of byUser.get(id)?.resources ?? []) drop(resource, id);
    byUser.delete(id);
  }

  return {
    register({ id, name }, uses) {
      const earlier = byUser.get(id);
      if (earlier?.name === name && areSame(earlier.uses, uses)) {
        for (const use of uses) byResource.get(resourceOf(use))?.set(id, { id, name, active: use.active });
        return;
      }
      const resources = new Set(uses.map(resourceOf));
      // Unchanged uses stay registered, so that a resource never appears unused in between.
      for (const resource of earlier?.resources ?? []) if (!resources.has(resource)) drop(resource, id);
      for (const use of uses) {
        const resource = resourceOf(use);
        const users = byResource.get(resource) ?? new Map<string, ResourceUser>();
        users.set(id, { id, name, active: use.active });
        byResource.set(resource, users);
      }
      if (resources.size > 0) byUser.set(id, { name, uses, resources });
      else byUser.delete(id);
    },
    withdraw,
    users: (kind, key) => [...(byResource.get(resourceOf({ kind, key }))?.values() ?? [])],
    count: (kind, key) => byResource.get(resourceOf({ kind, key }))?.size ?? 0,
    isUsed: (kind, key) => byResource.has(resourceOf({ kind, key })),
  };
}

/** Tests whether two lists name the same resources. */
function areSame(some: readonly Use<string>[], others: readonly Use<string>[]): boolean {
  const isSame = ({ kind, key }: Use<string>, other: Use<string> | undefined) =>
    kind === other?.kind && key === other.key;
  return some.length === others.length && some.every((use, index) => isSame(use, others[index]));
}

function resourceOf({ kind, key }: { kind: string; key: string }): string {
  return `${kind} ${key}`;
}
