import type { Controller } from "#native/cgroup/delegation.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { NetworkStatus } from "#network/networks.ts";
import { describeShortages, readDiskRoom } from "#support/disk-room.ts";
import { errorChain } from "#support/errors.ts";

/** The state of one requirement of tbox on this machine. */
export interface Check {
  name: string;
  status: "ok" | "degraded" | "missing";
  detail: string;
  /** An action that helps; absent when nothing is wrong. */
  remedy?: string;
}

interface Subject {
  zygote: Zygote;
  networks: Pick<NetworkStatus, "state">;
  dataDirectory: string;
}

/** Checks the features of this machine for the user who runs the daemon. */
export async function diagnose({ zygote, networks, dataDirectory }: Subject): Promise<Check[]> {
  return [
    userNamespace(zygote),
    ids(zygote),
    ...cgroups(zygote),
    ...disk(dataDirectory),
    await network(networks),
  ];
}

function userNamespace({ pid }: Zygote): Check {
  return { name: "user namespace", status: "ok", detail: `held by process ${pid}` };
}

function ids({ mapping }: Zygote): Check {
  const name = "ids";
  const total = mapping.uids.reduce((sum, range) => sum + range.count, 0);
  const detail =
    mapping.mode === "range" ? `${total} ids` : "one id: everything in a container belongs to root";
  if (mapping.reason === undefined) return { name, status: "ok", detail };
  return { name, status: "degraded", detail, remedy: mapping.reason };
}

/** An option of `tbox run` for each cgroup controller. */
const limits: [Controller, string][] = [
  ["memory", "--memory"],
  ["pids", "--pids-limit"],
  ["cpu", "--cpus"],
  ["io", "--device-read-bps"],
  ["cpuset", "--cpuset-cpus"],
];

function cgroups({ delegation: { base, controllers, obstacle } }: Zygote): Check[] {
  const name = "cgroups";
  if (!base) {
    const { reason, remedy } = obstacle();
    return [{ name, status: "degraded", detail: `no limits, no pause: ${reason}`, remedy }];
  }
  const detail = `containers are below ${base.path}; controllers: ${[...controllers].join(" ") || "none"}`;
  const missing = limits.filter(([controller]) => !controllers.has(controller));
  return [
    { name, status: "ok", detail },
    ...missing.map(([controller, option]): Check => {
      const { reason, remedy } = obstacle(controller);
      return {
        name: `limits by ${controller}`,
        status: "degraded",
        detail: `no ${option}: ${reason}`,
        remedy,
      };
    }),
  ];
}

function disk(directory: string): Check[] {
  const room = readDiskRoom(directory);
  const remedy = "remove unused data: tbox system prune";
  const detail = `${(room.freeBytes / 1024 ** 3).toFixed(1)} GiB free in ${directory}`;
  const shortages = describeShortages(room, directory);
  if (shortages.length === 0) return [{ name: "disk", status: "ok", detail }];
  return shortages.map((shortage) => ({ name: "disk", status: "degraded", detail: shortage, remedy }));
}

async function network(networks: Pick<NetworkStatus, "state">): Promise<Check> {
  const name = "network";
  try {
    const { pid, uplink } = await networks.state();
    switch (uplink.kind) {
      case "connect-first":
        return { name, status: "ok", detail: `bridges and uplink, held by process ${pid}` };
      case "accept-first":
        return {
          name,
          status: "degraded",
          detail: `connections to unreachable hosts are accepted and then closed: ${uplink.reason}`,
          remedy: "load the kernel modules: sudo modprobe -a nfnetlink_queue nft_queue",
        };
      case "none":
        return {
          name,
          status: "degraded",
          detail: `containers reach each other and no other host: ${uplink.reason}`,
          remedy: "load the kernel modules: sudo modprobe -a nf_tables nft_tproxy nft_socket nft_reject_inet",
        };
    }
  } catch (error) {
    return {
      name,
      status: "missing",
      detail: errorChain(error),
      remedy: "use --network host or none; bridges need the kernel modules bridge and veth",
    };
  }
}
