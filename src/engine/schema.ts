/**
 * Migrations of the store's database, `tbox.db`. Append a script for every change of the schema and never change an
 * existing one: stores in use have run it. The first script also works on stores without a schema version, which have
 * the same tables.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, manifest TEXT NOT NULL, config TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS image_names (
    name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id), tagged INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS image_digests (
    name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS image_targets (
    name TEXT PRIMARY KEY REFERENCES image_names(name) ON DELETE CASCADE, target TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS expected_blobs (digest TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS layers (
    diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, owners_kept INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS volumes (name TEXT PRIMARY KEY, volume TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS networks (id TEXT PRIMARY KEY, network TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS build_cache (
    key TEXT PRIMARY KEY, diff_id TEXT, description TEXT NOT NULL, created INTEGER NOT NULL,
    last_used INTEGER NOT NULL, uses INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS build_mounts (
    name TEXT PRIMARY KEY, description TEXT NOT NULL, created INTEGER NOT NULL, last_used INTEGER NOT NULL,
    uses INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE verified_blobs (
    blob TEXT NOT NULL, diff_id TEXT NOT NULL, PRIMARY KEY (blob, diff_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE layers ADD COLUMN archive_size INTEGER;
  CREATE TABLE compressed_layers (
    diff_id TEXT NOT NULL, compression TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (diff_id, compression)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE removed_volumes (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  `,
];
