import { invalidArgument, TboxError } from "#support/errors.ts";
import { nameToText } from "#support/file-name.ts";
import type { Metadata } from "../grpc/client.ts";
import { nextTurn } from "../grpc/frames.ts";
import { type FileStat, goMode, has, packet, packetType, stat as statMessage } from "../protocol/files.ts";
import { compareList, type FileList } from "./known-list.ts";
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

interface FileTransfer {
  sink: FileSink;
  /** List of an earlier transfer that the sink received completely. The sink gets no entries of an equal list. */
  known?: FileList | undefined;
  signal: AbortSignal;
}

/**
 * Receives files of a client: the list of all files, and the contents that the sink needs. Returns the list, unless it is
 * too long to be kept.
 */
export async function receiveFiles(
  session: Session,
  selection: FileSelection,
  { sink, known, signal }: FileTransfer,
): Promise<FileList | undefined> {
  if (!session.supports(diffCopy)) throw new TboxError("not-found", "the client sends no files");
  using call = session.client.call(diffCopy, metadataOf(selection), signal);
  const send = (type: number, id = 0) => call.send(packet.encode({ type, id }));
  const wanted = new Map<number, ListedEntry>();
  const list = compareList(known);
  const take = openList(sink, (entry, id) => {
    wanted.set(id, entry);
    // Not awaited: a client that waits for its files to be read would not read the request.
    send(packetType.request, id).catch(() => {});
  });
  const pace = openPace();
  let listed = false;
  for await (const message of call.messages) {
    if (pace.isDue()) await nextTurn();
    if (list.matches(message)) continue;
    const { type, stats, id, data } = packet.decode(message);
    if (type === packetType.error) throw new TboxError("unavailable", `the client: ${Buffer.from(data)}`);
    if (type === packetType.end) break;
    if (type === packetType.stat) {
      const [stat] = stats;
      const unchanged = stat === undefined && list.isKnown();
      if (!unchanged) {
        for (const earlier of list.release()) {
          if (pace.isDue()) await nextTurn();
          for (const one of packet.decode(earlier).stats) take(one);
        }
      }
      if (stat === undefined) {
        listed = true;
        if (!unchanged) sink.listed();
      } else {
        list.add(message);
        take(stat);
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
  return list.list();
}

/** Returns a function that checks the next entry of a list and gives it to the sink; `want` gets the entries to request. */
function openList(sink: FileSink, want: (entry: ListedEntry, id: number) => void) {
  const checked = openOrderCheck();
  let count = 0;
  return (encoded: Uint8Array) => {
    const entry = checked(statMessage.decode(encoded));
    if (sink.list(entry)) want(entry, count);
    count++;
  };
}

/** Counts packets: every so many, other work of the event loop is due. */
function openPace() {
  let packets = 0;
  return { isDue: () => ++packets % mostPackets === 0 };
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
