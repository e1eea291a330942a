import type { FileChange } from "#api/answers/containers.ts";
import type { Change } from "#containers/files/diff.ts";

const kinds = { modified: 0, added: 1, deleted: 2 } as const;

/** Returns the answer of `GET /containers/{id}/changes`; null for no changes, as Docker does. */
export function shapeChanges(changes: Change[]): FileChange[] | null {
  return changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] }));
}
