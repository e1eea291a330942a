import { closeSync, existsSync, openSync, statfsSync } from "node:fs";
import type { Controller } from "#native/delegation.ts";
import type { Zygote } from "#native/zygote.ts";

/** One thing that tbox needs or profits from. */
export interface Check {
  name: string;
  status: "ok" | "degraded" | "missing";
  detail: string;
  /** What to do about it. */
  remedy?: string;
}

const scarce = 1024 ** 3;

/** What this machine allows, for the user who runs the daemon. */
export function diagnose(zygote: Zygote, dataDirectory: string): Check[] {
  return [userNamespace(zygote), ids(zygote), ...mappers(), ...cgroups(zygote), disk(dataDirectory), tun()];
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

function mappers(): Check[] {
  return ["newuidmap", "newgidmap"].map((name) => {
    const path = ["/usr/bin", "/bin", "/usr/sbin"]
      .map((directory) => `${directory}/${name}`)
      .find(existsSync);
    if (path === undefined) {
      return { name, status: "degraded", detail: "not installed", remedy: "apt-get install uidmap" };
    }
    return { name, status: "ok", detail: path };
  });
}

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
  const place = `containers are below ${base.path}`;
  const missing = limits.filter(([controller]) => !controllers.has(controller));
  return [
    { name, status: "ok", detail: `${place}; controllers: ${[...controllers].join(" ") || "none"}` },
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

function disk(directory: string): Check {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${directory}`;
  if (free >= scarce) return { name: "disk", status: "ok", detail };
  return {
    name: "disk",
    status: "degraded",
    detail,
    remedy: "remove images and containers that are not needed",
  };
}

function tun(): Check {
  const name = "/dev/net/tun";
  if (!existsSync(name)) {
    return {
      name,
      status: "degraded",
      detail: "absent",
      remedy: "load the kernel module: sudo modprobe tun",
    };
  }
  try {
    closeSync(openSync(name, "r+"));
    return { name, status: "ok", detail: "can be opened" };
  } catch {
    const remedy = `open it to all, as distributions do: sudo chmod 0666 ${name}`;
    return { name, status: "degraded", detail: "cannot be opened: no network but the host's", remedy };
  }
}
