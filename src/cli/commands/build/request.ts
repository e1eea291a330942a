import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import type { TboxBuildRequest } from "#api/requests/build.ts";
import { registryAuths } from "#client/credentials/credentials.ts";
import { isArchive } from "#support/archive-head.ts";
import { splitFields } from "#support/fields.ts";
import { streamOf } from "#support/streams.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";
import { printWarning } from "../../output/output.ts";
import type { Invocation } from "../../registry/command.ts";
import { resolveEnvironment, toRecord } from "../../values/entries.ts";
import type { BuildFlags } from "./flags.ts";

type Flags = Invocation<BuildFlags>["flags"];

export interface PreparedBuild {
  request: TboxBuildRequest;
  /** A tar that follows the request. */
  body?: ReadableStream<Uint8Array>;
}

/** What the daemon is asked for; files that the options name are read here, by the user's own rights. */
export async function prepareBuild(flags: Flags, source: string): Promise<PreparedBuild> {
  const { context, body, ...file } = await findContext(flags.file, source);
  const { target, platform, network } = flags;
  const request: TboxBuildRequest = {
    context,
    ...file,
    checkOnly: flags.check || flags.call === "check",
    tags: flags.tag,
    ...(target === undefined ? {} : { target }),
    arguments: { ...epochOf(process.env), ...toRecord(resolveEnvironment(flags["build-arg"], process.env)) },
    labels: toRecord(flags.label),
    annotations: toRecord(flags.annotation),
    noCache: flags["no-cache"],
    squash: flags.squash,
    pull: flags.pull,
    ...(platform === undefined ? {} : { platform }),
    ...(network === undefined ? {} : { network }),
    extraHosts: flags["add-host"],
    shmSize: flags["shm-size"] ?? 0,
    ulimits: flags.ulimit,
    resources: limits(flags),
    ...(flags["cgroup-parent"] === undefined ? {} : { cgroupParent: flags["cgroup-parent"] }),
    secrets: Object.fromEntries(await Promise.all(flags.secret.map(readSecret))),
    agents: Object.fromEntries(flags.ssh.map(readAgent)),
    cacheFrom: flags["cache-from"].map(cacheImage),
    inlineCache: flags["cache-to"].length > 0,
    noCacheStages: flags["no-cache-filter"],
    allowHostNetwork: flags.allow.length > 0,
    credentials: await registryAuths(printWarning),
  };
  return body === undefined ? { request } : { request, body };
}

/** The moment that reproducible builds are told of by their environment. */
function epochOf({ SOURCE_DATE_EPOCH: epoch }: NodeJS.ProcessEnv): Record<string, string> {
  return epoch === undefined || epoch === "" ? {} : { SOURCE_DATE_EPOCH: epoch };
}

/** What a RUN may use up. */
function limits(flags: Flags): TboxBuildRequest["resources"] {
  const {
    memory,
    "memory-swap": swap,
    "cpu-period": period,
    "cpu-quota": quota,
    "cpu-shares": shares,
  } = flags;
  const { "cpuset-cpus": cpus, "cpuset-mems": mems } = flags;
  return {
    ...(memory === undefined ? {} : { Memory: memory }),
    ...(swap === undefined ? {} : { MemorySwap: swap }),
    ...(period === undefined ? {} : { CpuPeriod: period }),
    ...(quota === undefined ? {} : { CpuQuota: quota }),
    ...(shares === undefined ? {} : { CpuShares: shares }),
    ...(cpus === undefined ? {} : { CpusetCpus: cpus }),
    ...(mems === undefined ? {} : { CpusetMems: mems }),
  };
}

type Found = Pick<TboxBuildRequest, "context" | "dockerfile" | "dockerfileText"> &
  Pick<PreparedBuild, "body">;

async function findContext(file: string | undefined, source: string): Promise<Found> {
  if (source === "-") return fromInput(file);
  if (isRemote(source)) {
    return { context: { type: "remote", url: source }, dockerfile: file ?? "Dockerfile" };
  }
  const path = directoryOf(source);
  const context = { type: "directory" as const, path };
  if (file === undefined) return { context, dockerfile: "Dockerfile" };
  if (file === "-") {
    return { context, dockerfile: "Dockerfile", dockerfileText: await Bun.stdin.text() };
  }
  const full = resolve(file);
  const inside = relative(path, realDirectory(full));
  if (!inside.startsWith("..")) return { context, dockerfile: inside };
  return { context, dockerfile: basename(full), dockerfileText: await readText(full) };
}

/** Standard input is a tar, compressed or not, or else the text of a Dockerfile. */
async function fromInput(file: string | undefined): Promise<Found> {
  const { isTerminal } = await import("../../terminal/terminal.ts");
  if (isTerminal(0)) throw new ExitError("a build from standard input needs a Dockerfile or a tar there", 1);
  const pieces = Bun.stdin.stream()[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 512) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const rest = async function* () {
    yield new Uint8Array(head);
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  };
  if (isArchive(head)) {
    const body = streamOf(rest());
    return { context: { type: "stream" }, dockerfile: file ?? "Dockerfile", body };
  }
  if (file !== undefined) {
    throw new ExitError("standard input holds no tar: -f names a Dockerfile in one", 1);
  }
  const text: Uint8Array[] = [];
  for await (const piece of rest()) text.push(piece);
  return {
    context: { type: "none" },
    dockerfile: "Dockerfile",
    dockerfileText: Buffer.concat(text).toString(),
  };
}

/** Addresses of http, https and git; what could be a path is one if it is there. */
function isRemote(source: string): boolean {
  if (/^(?:https?|git|ssh):\/\//.test(source)) return true;
  return /^(?:[\w.-]+@[\w.-]+:|github\.com\/)/.test(source) && !existsSync(source);
}

function directoryOf(source: string): string {
  try {
    const path = realpathSync(source);
    if (statSync(path).isDirectory()) return path;
  } catch (cause) {
    throw new ExitError(`unable to prepare context: path ${JSON.stringify(source)} not found`, 1, { cause });
  }
  throw new ExitError(`unable to prepare context: path ${JSON.stringify(source)} is not a directory`, 1);
}

/** With the links of the directory followed, but not one that the file itself is. */
function realDirectory(path: string): string {
  try {
    return `${realpathSync(dirname(path))}/${basename(path)}`;
  } catch (cause) {
    throw new ExitError(failureMessage(cause), 1, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (cause) {
    throw new ExitError(`unable to read the Dockerfile: ${failureMessage(cause)}`, 1, { cause });
  }
}

/** `id=NAME[,src=FILE][,env=VARIABLE]`: from the file, or the variable, of that name where none is given. */
async function readSecret(text: string): Promise<[string, string]> {
  const values = toRecord(fieldsOf(text));
  const { id = "", type = "", env } = values;
  const path = values.src ?? values.source;
  const unknown = Object.keys(values).find((key) => !["id", "type", "src", "source", "env"].includes(key));
  if (unknown !== undefined) throw new ExitError(`unexpected key '${unknown}' in secret '${text}'`, 1);
  if (id === "") throw new ExitError(`secret '${text}' needs an id`, 1);
  const variable = env ?? (type === "env" ? (path ?? id) : undefined);
  const own = variable ?? (path === undefined && process.env[id] !== undefined ? id : undefined);
  if (own !== undefined) {
    const value = process.env[own];
    if (value === undefined) throw new ExitError(`secret ${id}: the variable ${own} is not set`, 1);
    return [id, Buffer.from(value).toString("base64")];
  }
  try {
    return [id, Buffer.from(await Bun.file(path ?? id).bytes()).toString("base64")];
  } catch (cause) {
    throw new ExitError(`secret ${id}: ${failureMessage(cause)}`, 1, { cause });
  }
}

/** `default`, or `ID=SOCKET`. */
function readAgent(text: string): [string, string] {
  const equals = text.indexOf("=");
  const id = equals < 0 ? text : text.slice(0, equals);
  const path = equals < 0 ? process.env.SSH_AUTH_SOCK : text.slice(equals + 1);
  if (!path) throw new ExitError(`invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`, 1);
  const full = resolve(path);
  let isSocket = false;
  try {
    isSocket = statSync(full).isSocket();
  } catch (cause) {
    throw new ExitError(`ssh agent ${id}: ${failureMessage(cause)}`, 1, { cause });
  }
  if (!isSocket) throw new ExitError(`ssh agent ${id}: ${path} is no socket; keys are not supported yet`, 1);
  return [id || "default", full];
}

/** An image's name, or `type=registry,ref=NAME`. */
function cacheImage(text: string): string {
  if (!text.includes("=")) return text;
  const { type, ref } = toRecord(fieldsOf(text));
  if (type === "registry" && ref) return ref;
  throw new ExitError(`--cache-from ${text}: only images are supported yet`, 1);
}

function fieldsOf(text: string): string[] {
  try {
    return splitFields(text);
  } catch (cause) {
    throw new ExitError(`'${text}': ${failureMessage(cause)}`, 1, { cause });
  }
}
