import { closeSync, existsSync, openSync, statfsSync } from "node:fs";
import { findDelegatedCgroup } from "#native/cgroup.ts";
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
  return [userNamespace(zygote), ids(zygote), ...mappers(), cgroups(), disk(dataDirectory), tun()];
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

function cgroups(): Check {
  const name = "cgroups";
  const delegated = findDelegatedCgroup();
  if (delegated !== undefined) return { name, status: "ok", detail: "a cgroup v2 directory is delegated" };
  return {
    name,
    status: "degraded",
    detail: "no cgroup v2 directory is delegated to this user: limits cannot be set",
    remedy: "run the daemon in a systemd unit with Delegate=yes",
  };
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
