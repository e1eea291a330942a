import type { Change } from "#containers/files/diff.ts";

const kinds = { modified: 0, added: 1, deleted: 2 };

/** Answer of `GET /containers/{id}/changes`; null for none, as Docker says it. */
export function shapeChanges(changes: Change[]) {
  return changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] }));
}
