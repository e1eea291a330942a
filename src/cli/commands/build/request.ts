import type { TboxBuildRequest } from "#api/requests/build.ts";
import { registryAuths } from "#client/credentials/credentials.ts";
import { streamOf } from "#support/streams.ts";
import { printWarning } from "../../output/output.ts";
import type { Invocation } from "../../registry/command.ts";
import { resolveEnvironment, toRecord } from "../../values/entries.ts";
import { withActionsCache } from "./actions-cache.ts";
import { findContext } from "./context.ts";
import type { BuildFlags } from "./flags.ts";
import type { Output } from "./output.ts";
import { readAgent, readSecret } from "./secrets.ts";

type Flags = Invocation<BuildFlags>["flags"];

/** A build request and the archive that follows it. */
export interface PreparedBuild {
  request: TboxBuildRequest;
  archive?: ReadableStream<Uint8Array>;
}

/**
 * Returns the build request of a command line. Reads the files that the flags name, with the caller's rights. What the
 * build needs until its end is added to `held`.
 */
export async function prepareBuild(
  flags: Flags,
  source: string,
  { outputs, held }: { outputs: Output[]; held: AsyncDisposableStack },
): Promise<PreparedBuild> {
  const { context, archive, ...file } = await findContext(flags.file, source);
  const { target, network } = flags;
  const method = flags.call?.method;
  const provenance = flags.provenance ?? flags.attest.at(-1)?.provenance;
  const request: TboxBuildRequest = {
    context,
    ...file,
    checkOnly: flags.check || method === "check" || method === "lint",
    ...(method === "outline" || method === "targets" ? { question: method } : {}),
    tags: flags.tag,
    ...(target === undefined ? {} : { target }),
    arguments: { ...epochOf(process.env), ...toRecord(resolveEnvironment(flags["build-arg"], process.env)) },
    labels: toRecord(flags.label),
    annotations: toRecord(flags.annotation),
    noCache: flags["no-cache"],
    squash: flags.squash,
    pull: flags.pull,
    platforms: flags.platform.flatMap((text) => text.split(",")),
    ...(network === undefined ? {} : { network }),
    extraHosts: flags["add-host"],
    shmSize: flags["shm-size"] ?? 0,
    ulimits: flags.ulimit,
    resources: limits(flags),
    ...(flags["cgroup-parent"] === undefined ? {} : { cgroupParent: flags["cgroup-parent"] }),
    secrets: Object.fromEntries(await Promise.all(flags.secret.map(readSecret))),
    agents: Object.fromEntries(await Promise.all(flags.ssh.map((text) => readAgent(text, held)))),
    contexts: Object.fromEntries(flags["build-context"]),
    outputs: outputs.flatMap(({ requested }) => requested ?? []),
    cacheFrom: withActionsCache(flags["cache-from"], process.env, printWarning),
    cacheTo: withActionsCache(flags["cache-to"], process.env, printWarning),
    ...(provenance === undefined ? {} : { provenance }),
    noCacheStages: flags["no-cache-filter"],
    allowHostNetwork: flags.allow.length > 0,
    credentials: await registryAuths(printWarning),
  };
  return archive === undefined ? { request } : { request, archive };
}

/** Returns the timestamp that the environment sets for reproducible builds. */
function epochOf({ SOURCE_DATE_EPOCH: epoch }: NodeJS.ProcessEnv): Record<string, string> {
  return epoch === undefined || epoch === "" ? {} : { SOURCE_DATE_EPOCH: epoch };
}

/** Returns the limits of RUN instructions. */
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

/** Returns the body of `POST /tbox/build`: the request as one line of JSON, then the archive. */
export function requestBody({ request, archive }: PreparedBuild): Blob | ReadableStream<Uint8Array> {
  const line = `${JSON.stringify(request)}\n`;
  return archive === undefined
    ? new Blob([line])
    : streamOf(archive[Symbol.asyncIterator](), new TextEncoder().encode(line));
}
