import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import type { TlsFileName, TlsFiles } from "#client/contexts/context-store.ts";

/** A context in an archive, as Docker's client exports it. */
export interface ExportedContext {
  /** Contents of `meta.json`. */
  metadata: string;
  files: TlsFiles;
}

const metadataName = "meta.json";
const tlsDirectory = "tls/docker";
const tlsNames: readonly TlsFileName[] = ["ca.pem", "cert.pem", "key.pem"];

/** Returns a tar archive of a context. */
export function packContext({ metadata, files }: ExportedContext): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: metadataName, mode: 0o644 }, metadata);
  const entries = Object.entries(files);
  for (const name of entries.length > 0 ? ["tls", tlsDirectory] : []) {
    archive.entry({ name, type: "directory", mode: 0o700 });
  }
  for (const [name, bytes] of entries) {
    archive.entry({ name: `${tlsDirectory}/${name}`, mode: 0o600 }, Buffer.from(bytes));
  }
  archive.finalize();
  return buffer(archive);
}

/** Reads a context from a tar archive; returns undefined for an archive without metadata. Ignores other files. */
export async function unpackContext(bytes: Buffer): Promise<ExportedContext | undefined> {
  const found = new Map<string, Buffer>();
  for await (const entry of Readable.from([bytes]).pipe(extract())) {
    const content = await buffer(entry);
    if (entry.header.type === "file") found.set(entry.header.name.replace(/^\.\//, ""), content);
  }
  const metadata = found.get(metadataName)?.toString();
  const files = tlsNames.flatMap((name) => {
    const content = found.get(`${tlsDirectory}/${name}`);
    return content === undefined ? [] : [[name, content] as const];
  });
  return metadata === undefined ? undefined : { metadata, files: Object.fromEntries(files) };
}
