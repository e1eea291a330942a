import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header, pack } from "tar-stream";
import type { Builder } from "#builds/builder.ts";

/** An image whose files are exported, and more files. */
export interface FilesSource {
  image: string;
  /** Directory above the files; empty for none. */
  directory: string;
  added: { path: string; content: Uint8Array }[];
  /** Modification time of all files in seconds since the epoch, instead of their own. */
  time?: number | undefined;
}

/** Services that read the files of images, and the signal that ends the reading. */
export interface EntriesScope {
  services: { builder: Pick<Builder, "files"> };
  signal: AbortSignal;
}

/** Header of an entry of a tar. Added files have only the fields that they need. */
export type EntryHeader = Partial<Header> & Pick<Header, "name">;

/** An entry of a tar; its names have neither a leading nor a trailing slash. */
interface ArchiveEntry {
  header: EntryHeader;
  content: AsyncIterable<unknown>;
}

/** Yields the files of an image, then the added ones. The content of each is read before the next one. */
export async function* entriesOf(
  { services, signal }: EntriesScope,
  source: FilesSource,
): AsyncGenerator<ArchiveEntry> {
  const archive = Readable.from(services.builder.files(source.image), { objectMode: false });
  const entries = extract();
  archive.once("error", (error) => entries.destroy(error));
  archive.pipe(entries);
  try {
    for await (const entry of entries) {
      signal.throwIfAborted();
      const { name, linkname, ...header } = entry.header;
      const target = header.type === "link" ? placed(source, linkname ?? "") : linkname;
      yield {
        header: { ...header, ...timeOf(source), name: placed(source, name), linkname: target },
        content: entry,
      };
    }
  } finally {
    // A pipe does not end its source: the worker that packs the files would wait for a reader.
    archive.destroy();
  }
  for (const { path, content } of source.added) {
    const header: EntryHeader = {
      ...timeOf(source),
      name: placed(source, path),
      size: content.length,
      type: "file",
      mode: 0o644,
    };
    yield { header, content: Readable.from([content]) };
  }
}

function timeOf({ time }: FilesSource): Pick<EntryHeader, "mtime"> {
  return time === undefined ? {} : { mtime: new Date(time * 1000) };
}

function placed({ directory }: FilesSource, name: string): string {
  return posix.join("/", directory, posix.join("/", name)).replace(/^\/|\/$/g, "");
}

/** Yields the files of several images as one tar. */
export async function* tarOf(scope: EntriesScope, sources: FilesSource[]): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const write = async () => {
    for (const source of sources) {
      if (source.directory !== "") {
        archive.entry({ ...timeOf(source), name: source.directory, type: "directory", mode: 0o755 });
      }
      for await (const { header, content } of entriesOf(scope, source)) {
        if (header.name !== "") await pipeline(content, archive.entry(header));
        else for await (const _ of content);
      }
    }
    archive.finalize();
  };
  const writing = write().catch((error) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    yield* archive as AsyncIterable<Uint8Array>;
  } finally {
    archive.destroy();
    await writing;
  }
}
