import { invalidArgument, TboxError } from "#support/errors.ts";
import { nameToText } from "#support/file-name.ts";
import type { Metadata } from "../grpc/client.ts";
import { type FileStat, goMode, has, packet, packetType, stat as statMessage } from "../protocol/files.ts";
import type { Session } from "./session.ts";

const diffCopy = "/moby.filesync.v1.FileSync/DiffCopy";

/** The files that a client is asked for. */
export interface FileSelection {
  /** The client's name for the directory: `context`, `dockerfile`, or the name of a named context. */
  name: string;
  excludePatterns?: string[];
  /** Paths to send, with the links that lead to them; absent for all files. */
  followPaths?: string[];
}

/** A file of the client. `path` is relative and has neither empty parts nor `.` and `..`. */
export interface ListedEntry {
  path: string;
  kind: "file" | "directory" | "link" | "other";
  /** Status of the file, with Go's mode. */
  stat: FileStat;
  /** Target of a link. */
  target: string;
}

/** The receiver of a client's files. */
export interface FileSink {
  /** Takes a file of the list, in the order of paths; returns whether its content is needed. */
  list(entry: ListedEntry): boolean;
  /** Takes the next bytes of a file. */
  write(entry: ListedEntry, data: Uint8Array): void;
  /** Called after the last byte of a file. */
  finish(entry: ListedEntry): void;
  /** Called after the last file of the list. */
  listed(): void;
}

/** Packets that are processed before yielding to the event loop. */
const mostPackets = 200;

/** Receives files of a client: the list of all files, and the contents that the sink needs. */
export async function receiveFiles(
  session: Session,
  selection: FileSelection,
  { sink, signal }: { sink: FileSink; signal: AbortSignal },
): Promise<void> {
  if (!session.supports(diffCopy)) throw new TboxError("not-found", "the client sends no files");
  using call = session.client.call(diffCopy, metadataOf(selection), signal);
  const send = (type: number, id = 0) => call.send(packet.encode({ type, id }));
  const wanted = new Map<number, ListedEntry>();
  const checked = openOrderCheck();
  let count = 0;
  let listed = false;
  let packets = 0;
  for await (const message of call.messages) {
    if (++packets % mostPackets === 0) await new Promise((resolve) => setImmediate(resolve));
    const { type, stats, id, data } = packet.decode(message);
    if (type === packetType.error) throw new TboxError("unavailable", `the client: ${Buffer.from(data)}`);
    if (type === packetType.end) break;
    if (type === packetType.stat) {
      const [stat] = stats;
      if (stat === undefined) {
        listed = true;
        sink.listed();
      } else {
        const entry = checked(statMessage.decode(stat));
        if (sink.list(entry)) {
          wanted.set(count, entry);
          // Not awaited: a client that waits for its files to be read would not read the request.
          send(packetType.request, count).catch(() => {});
        }
        count++;
      }
    } else if (type === packetType.data) {
      const entry = wanted.get(id);
      if (!entry) throw invalidArgument(`the client sent a file that was not requested: ${id}`);
      if (data.length > 0) sink.write(entry, data);
      else {
        wanted.delete(id);
        sink.finish(entry);
      }
    }
    if (listed && wanted.size === 0) {
      await send(packetType.end);
      listed = false;
    }
  }
  if (wanted.size > 0) throw new TboxError("unavailable", "the client stopped sending files");
}

function metadataOf({ name, excludePatterns, followPaths }: FileSelection): Metadata {
  const lists: [string, string[] | undefined][] = [
    ["dir-name", [name]],
    ["exclude-patterns", excludePatterns],
    ["followpaths", followPaths],
  ];
  return Object.fromEntries(
    lists.flatMap(([key, values]): [string, string[]][] => {
      if (values === undefined || values.length === 0) return [];
      // Headers are printable ASCII, and lose spaces at their ends.
      if (values.every((value) => /^[!-~](?:[ -~]*[!-~])?$/.test(value))) return [[key, values]];
      const encoded = values.map((value) => encodeURIComponent(value));
      return [
        [key, encoded],
        [`${key}-encoded`, ["1"]],
      ];
    }),
  );
}

/**
 * Returns a function that checks a listed file: its path must lie in a directory that was listed before, so that no path
 * leads out of the tree or through a link.
 */
function openOrderCheck(): (stat: FileStat) => ListedEntry {
  const directories = new Set([""]);
  const seen = new Set<string>();
  return (stat) => {
    const path = nameToText(stat.path);
    const parts = path.split("/");
    const parent = parts.slice(0, -1).join("/");
    const valid = parts.every((part) => part !== "" && part !== "." && part !== ".." && !part.includes("\0"));
    if (!valid || !directories.has(parent) || seen.has(path)) {
      throw invalidArgument(`the client sent an invalid path: ${JSON.stringify(path)}`);
    }
    seen.add(path);
    const kind = kindOf(stat.mode);
    if (kind === "directory") directories.add(path);
    return { path, kind, stat, target: kind === "link" ? nameToText(stat.link) : "" };
  };
}

function kindOf(mode: number): ListedEntry["kind"] {
  if (has(mode, goMode.directory)) return "directory";
  if (has(mode, goMode.link)) return "link";
  const special = goMode.device + goMode.pipe + goMode.socket + goMode.character;
  return has(mode, special) ? "other" : "file";
}
