import type { DoctorCheck } from "#api/answers/system.ts";
import { addRange, installMappers } from "./distribution.ts";
import type { HostFacts } from "./host-facts.ts";

/** An action of `tbox doctor --fix`, which needs no root. */
export type Fix = "linger" | "systemd";

export interface HostCheck extends DoctorCheck {
  fix?: Fix;
}

/** Number of ids that an image of a distribution needs. */
const enoughIds = 65_536;

/** Checks this machine and account, without the daemon. Each problem has one line that mends it here. */
export function checkHost(facts: HostFacts): HostCheck[] {
  return [
    kernel(facts),
    userNamespaces(facts),
    ...mappers(facts),
    subordinateIds(facts),
    cgroups(facts),
    ...session(facts),
    ...store(facts),
  ];
}

function kernel({ kernel: release, distribution, place }: HostFacts): HostCheck {
  const name = "system";
  const where = { machine: "", wsl: ", in WSL", container: ", in a container" }[place];
  const detail = `${distribution.name}, kernel ${release || "unknown"}${where}`;
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  if (release === "" || major > 5 || (major === 5 && minor >= 12)) return { name, status: "ok", detail };
  const remedy =
    place === "wsl"
      ? "in Windows: wsl --update"
      : "install kernel 5.12 or later: older ones cannot change the attributes of mounts";
  return { name, status: "missing", detail, remedy };
}

function userNamespaces(facts: HostFacts): HostCheck {
  const name = "user namespaces";
  const where = facts.place === "container" ? "on the host: " : "";
  const missing = (detail: string, remedy: string): HostCheck => ({
    name,
    status: "missing",
    detail,
    remedy: `${where}${remedy}`,
  });
  const persist = (setting: string) =>
    `echo '${setting}' | sudo tee /etc/sysctl.d/60-tbox.conf && sudo sysctl -p /etc/sysctl.d/60-tbox.conf`;
  if (facts.maxUserNamespaces === 0) {
    return missing("disabled by user.max_user_namespaces = 0", persist("user.max_user_namespaces = 65536"));
  }
  if (facts.userNamespaceClone === 0) {
    return missing(
      "forbidden to ordinary users by kernel.unprivileged_userns_clone = 0",
      persist("kernel.unprivileged_userns_clone = 1"),
    );
  }
  if (facts.apparmorRestriction === 1 && !facts.hasProfile) {
    return missing(
      `AppArmor permits them only to programs with a profile, and ${facts.helper} has none`,
      "tbox doctor --apparmor-profile | sudo tee /etc/apparmor.d/tbox && sudo apparmor_parser -r /etc/apparmor.d/tbox",
    );
  }
  return { name, status: "ok", detail: "allowed by the kernel's settings" };
}

function mappers(facts: HostFacts): HostCheck[] {
  return facts.mappers.map(({ name, path, isSetUserId }): HostCheck => {
    const without = "each container has only one id";
    if (path === undefined) {
      const detail = `not installed: ${without}`;
      return { name, status: "degraded", detail, remedy: installMappers(facts.distribution) };
    }
    if (facts.noNewPrivileges) {
      const detail = `${path} has no effect, because this session has no_new_privs: ${without}`;
      const remedy =
        facts.place === "container"
          ? "start the container without no-new-privileges"
          : "start tbox from another session, or unset NoNewPrivileges= in the unit that started this one";
      return { name, status: "degraded", detail, remedy };
    }
    // Other distributions give the programs file capabilities instead.
    if (!isSetUserId && facts.distribution.family === "debian") {
      const detail = `${path} is not a set-user-ID program: ${without}`;
      return { name, status: "degraded", detail, remedy: `sudo chmod u+s ${path}` };
    }
    return { name, status: "ok", detail: path };
  });
}

function subordinateIds(facts: HostFacts): HostCheck {
  const name = "subordinate ids";
  const { account, directoryService, distribution, subuid, subgid } = facts;
  if (directoryService)
    return { name, status: "ok", detail: "from the service that /etc/nsswitch.conf names" };
  const count = (text: string) =>
    rangesOf(text)
      .filter(({ owner }) => owner === account.name || owner === String(account.uid))
      .reduce((sum, range) => sum + range.count, 0);
  const counts = { uids: count(subuid), gids: count(subgid) };
  if (Math.min(counts.uids, counts.gids) >= enoughIds) {
    return { name, status: "ok", detail: `${counts.uids} uids and ${counts.gids} gids for ${account.name}` };
  }
  const detail =
    counts.uids + counts.gids === 0
      ? `no range for ${account.name} in /etc/subuid and /etc/subgid: each container has only one id`
      : `${account.name} has ${counts.uids} uids and ${counts.gids} gids; images need up to ${enoughIds}`;
  const taken = [...rangesOf(subuid), ...rangesOf(subgid)].map(({ first, count }) => first + count);
  const first = Math.max(100_000, ...taken);
  return { name, status: "degraded", detail, remedy: addRange(distribution, account, first) };
}

function rangesOf(text: string): { owner: string; first: number; count: number }[] {
  return [...text.matchAll(/^([^:#\s]+):(\d+):(\d+)\s*$/gm)].map(([, owner = "", first, count]) => ({
    owner,
    first: Number(first),
    count: Number(count),
  }));
}

function cgroups({ unifiedCgroups, place, distribution }: HostFacts): HostCheck {
  const name = "cgroup v2";
  if (unifiedCgroups) return { name, status: "ok", detail: "mounted at /sys/fs/cgroup" };
  const detail = "not mounted: no limits, no pause";
  if (place === "container") {
    return {
      name,
      status: "degraded",
      detail,
      remedy: "start the container with a cgroup namespace on a cgroup v2 host",
    };
  }
  if (place === "wsl") {
    const remedy =
      "in Windows: add kernelCommandLine = cgroup_no_v1=all below [wsl2] in %UserProfile%\\.wslconfig, then: wsl --shutdown";
    return { name, status: "degraded", detail, remedy };
  }
  if (distribution.family === "alpine") {
    const remedy = `echo 'rc_cgroup_mode="unified"' | sudo tee -a /etc/rc.conf && sudo rc-update add cgroups && sudo reboot`;
    return { name, status: "degraded", detail, remedy };
  }
  const remedy = "boot with the kernel parameter systemd.unified_cgroup_hierarchy=1";
  return { name, status: "degraded", detail, remedy };
}

/** Checks what ends with the session: the runtime directory and the user's systemd instance. */
function session({ account, place, runtimeDirectory, systemd }: HostFacts): HostCheck[] {
  const checks: HostCheck[] = [];
  if (runtimeDirectory && runtimeDirectory.owner !== account.uid) {
    const problem = runtimeDirectory.owner === undefined ? "does not exist" : "belongs to another user";
    checks.push({
      name: "runtime directory",
      status: "degraded",
      detail: `XDG_RUNTIME_DIR is ${runtimeDirectory.path}, which ${problem}: sockets are in /tmp/tbox-${account.uid}`,
      remedy: systemd.user ? `export XDG_RUNTIME_DIR=/run/user/${account.uid}` : "unset XDG_RUNTIME_DIR",
    });
  }
  if (systemd.user && !systemd.lingers) {
    const detail = `your processes end when you log out: containers, too`;
    checks.push({
      name: "logout",
      status: "degraded",
      detail,
      remedy: "loginctl enable-linger",
      fix: "linger",
    });
  }
  if (systemd.user && !systemd.units) {
    const detail = "the first command starts the daemon; Docker's clients do not";
    checks.push({
      name: "systemd units",
      status: "degraded",
      detail,
      remedy: "tbox setup systemd",
      fix: "systemd",
    });
  }
  if (place === "wsl" && !systemd.system) {
    const remedy =
      "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf, then in Windows: wsl --shutdown";
    checks.push({ name: "systemd", status: "degraded", detail: "not running: no limits, no units", remedy });
  }
  return checks;
}

/** Types of file systems (statfs(2)) on which the store has disadvantages. */
const unsuitable: Record<number, string> = {
  2035054128: "an overlay, on which no overlay can be mounted: every container copies its files",
  26985: "NFS, which keeps no files of subordinate ids",
  4283649346: "CIFS, which keeps no owners",
  4266872130: "SMB, which keeps no owners",
  16914839: "9P, which keeps no owners: in WSL, the disk of Windows",
};

function store({ store: { path, type }, place }: HostFacts): HostCheck[] {
  const problem = type === undefined ? undefined : unsuitable[type >>> 0];
  if (problem === undefined) return [];
  const remedy =
    place === "container"
      ? "put the store on a volume or tmpfs: export TBOX_DATA_DIR=/path/on/a/volume"
      : "put the store on a local disk: export TBOX_DATA_DIR=/path/on/a/local/disk";
  return [{ name: "store", status: "degraded", detail: `${path} is on ${problem}`, remedy }];
}
