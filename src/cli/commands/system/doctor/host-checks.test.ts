import { describe, expect, test } from "bun:test";
import { closeSync, fchmodSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { temporaryDirectory } from "#test/support/temp.ts";
import { addRange, parseDistribution } from "./distribution.ts";
import { checkHost } from "./host-checks.ts";
import { readHostFacts } from "./host-facts.ts";

const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
const ubuntu = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\n';

/** Files of a machine on which nothing is missing. */
const complete = {
  "/etc/os-release": debian,
  "/etc/passwd": "anna:x:1000:1000::/home/anna:/bin/bash\n",
  "/etc/subuid": "anna:100000:65536\n",
  "/etc/subgid": "anna:100000:65536\n",
  "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
  "/proc/sys/user/max_user_namespaces": "63000\n",
  "/proc/self/status": "NoNewPrivs:\t0\n",
  "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
  "/usr/bin/newuidmap": "",
  "/usr/bin/newgidmap": "",
};

/** Checks a machine with these files; `undefined` removes a file of the complete machine. */
function check(changes: Record<string, string | undefined>, environment = {}, storeType?: number) {
  using place = temporaryDirectory("host");
  for (const [path, text] of Object.entries({ ...complete, ...changes })) {
    if (text === undefined) continue;
    mkdirSync(dirname(`${place.path}${path}`), { recursive: true });
    const file = openSync(`${place.path}${path}`, "w");
    writeFileSync(file, text);
    // A write removes the set-user-ID bit.
    if (path.startsWith("/usr/bin/")) fchmodSync(file, 0o4755);
    closeSync(file);
  }
  const facts = readHostFacts({
    root: place.path,
    environment: { HOME: "/home/anna", ...environment },
    account: { name: "anna", uid: 1000 },
    helper: "/usr/lib/tbox/tbox-helper",
    store: "/home/anna/.local/share/tbox",
  });
  // The file system of the store is the test machine's.
  const checks = checkHost({ ...facts, store: { ...facts.store, type: storeType } });
  return checks.filter(({ status }) => status !== "ok");
}

describe("doctor", () => {
  test("finds nothing wrong on a complete machine", () => {
    expect(check({})).toEqual([]);
  });

  const usermod = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 anna";
  const bootParameter = "boot with the kernel parameter systemd.unified_cgroup_hierarchy=1";

  // Columns: distribution, /etc/os-release, and the lines for newuidmap, the subordinate ids and cgroup v2.
  test.each([
    ["Debian", debian, "sudo apt-get install uidmap", usermod, bootParameter],
    ["Ubuntu", ubuntu, "sudo apt-get install uidmap", usermod, bootParameter],
    ["Fedora", "ID=fedora\n", "sudo dnf install shadow-utils", usermod, bootParameter],
    [
      "Rocky",
      'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
      "sudo dnf install shadow-utils",
      usermod,
      bootParameter,
    ],
    ["Arch", "ID=arch\n", "sudo pacman -S shadow", usermod, bootParameter],
    [
      "Alpine",
      "ID=alpine\n",
      "sudo apk add shadow-subids",
      "echo anna:100000:65536 | sudo tee -a /etc/subuid /etc/subgid",
      `echo 'rc_cgroup_mode="unified"' | sudo tee -a /etc/rc.conf && sudo rc-update add cgroups && sudo reboot`,
    ],
    [
      "NixOS",
      "ID=nixos\n",
      "add security.shadow.enable = true; to configuration.nix, then: sudo nixos-rebuild switch",
      "add users.users.anna.autoSubUidGidRange = true; to configuration.nix, then: sudo nixos-rebuild switch",
      bootParameter,
    ],
    [
      "openSUSE",
      'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n',
      "sudo zypper install shadow",
      usermod,
      bootParameter,
    ],
    [
      "an unknown system",
      "ID=own\n",
      "install newuidmap and newgidmap (package uidmap, shadow or shadow-utils)",
      usermod,
      bootParameter,
    ],
  ])("on %s, names the line that mends each problem", (_, release, mappers, ids, cgroups) => {
    const found = check({
      "/etc/os-release": release,
      "/usr/bin/newuidmap": undefined,
      "/usr/bin/newgidmap": undefined,
      "/etc/subuid": "",
      "/etc/subgid": "",
      "/sys/fs/cgroup/cgroup.controllers": undefined,
    });
    expect(found.map(({ name, remedy }) => [name, remedy])).toEqual([
      ["newuidmap", mappers],
      ["newgidmap", mappers],
      ["subordinate ids", ids],
      ["cgroup v2", cgroups],
    ]);
  });

  test("finds newuidmap of NixOS", () => {
    const found = check({
      "/usr/bin/newuidmap": undefined,
      "/run/wrappers/bin/newuidmap": "",
      "/etc/os-release": "ID=nixos\n",
    });
    expect(found).toEqual([]);
  });

  test("proposes a range that nobody has", () => {
    const other = "bert:100000:65536\ncarl:165536:65536\n";
    const [found] = check({ "/etc/subuid": other, "/etc/subgid": other });
    expect(found?.remedy).toBe("sudo usermod --add-subuids 231072-296607 --add-subgids 231072-296607 anna");
  });

  test("reports a range that is too small", () => {
    const [found] = check({ "/etc/subuid": "anna:100000:1000\n" });
    expect(found?.detail).toBe("anna has 1000 uids and 65536 gids; images need up to 65536");
  });

  test("an account of a directory service gets its range without usermod", () => {
    const [found] = check({ "/etc/passwd": "", "/etc/subuid": "", "/etc/subgid": "" });
    expect(found?.remedy).toBe("echo anna:100000:65536 | sudo tee -a /etc/subuid /etc/subgid");
    const nixos = parseDistribution("ID=nixos\n");
    expect(addRange(nixos, { name: "anna", isLocal: true }, 100_000)).toContain("autoSubUidGidRange = true;");
  });

  test("leaves ranges of a directory service to the daemon", () => {
    const none = { "/etc/subuid": "", "/etc/subgid": "" };
    expect(check({ ...none, "/etc/nsswitch.conf": "passwd: files sss\nsubid: sss\n" })).toEqual([]);
  });

  test("on Ubuntu with restricted user namespaces, installs a profile and leaves the restriction on", () => {
    const restricted = {
      "/etc/os-release": ubuntu,
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
    };
    const [found] = check(restricted);
    expect(found).toMatchObject({ name: "user namespaces", status: "missing" });
    expect(found?.detail).toContain("/usr/lib/tbox/tbox-helper has none");
    expect(found?.remedy).toStartWith("tbox doctor --apparmor-profile | sudo tee /etc/apparmor.d/tbox");
    expect(found?.remedy).not.toContain("sysctl");
    const profile = {
      "/etc/apparmor.d/tbox": "profile tbox /usr/lib/tbox/tbox-helper flags=(unconfined) {}\n",
    };
    expect(check({ ...restricted, ...profile })).toEqual([]);
  });

  test("names the settings that forbid user namespaces", () => {
    expect(check({ "/proc/sys/user/max_user_namespaces": "0\n" })[0]?.remedy).toContain(
      "user.max_user_namespaces = 65536",
    );
    expect(check({ "/proc/sys/kernel/unprivileged_userns_clone": "0\n" })[0]?.remedy).toContain(
      "60-tbox.conf",
    );
  });

  test.each(["5.10.0-28-amd64", "5.11.0-49-generic"])("refuses the kernel %s", (release) => {
    const [found] = check({ "/proc/sys/kernel/osrelease": `${release}\n` });
    expect(found).toMatchObject({ name: "system", status: "missing" });
  });

  test("in WSL, names the files of Windows and of the distribution", () => {
    const found = check({
      "/proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n",
      "/sys/fs/cgroup/cgroup.controllers": undefined,
    });
    expect(found.map(({ remedy }) => remedy)).toEqual([
      expect.stringContaining(".wslconfig"),
      expect.stringContaining("/etc/wsl.conf"),
    ]);
  });

  test("in a container without new privileges, says that newuidmap has no effect", () => {
    const found = check({ "/.dockerenv": "", "/proc/self/status": "NoNewPrivs:\t1\n" });
    expect(found.map(({ name }) => name)).toEqual(["newuidmap", "newgidmap"]);
    expect(found[0]?.remedy).toBe("start the container without no-new-privileges");
  });

  test("in a CI container, says what to change on the host, at the container's start and in the job", () => {
    const overlay = 2_035_054_128;
    const found = check(
      {
        "/run/.containerenv": "",
        "/proc/sys/user/max_user_namespaces": "0\n",
        "/sys/fs/cgroup/cgroup.controllers": undefined,
      },
      {},
      overlay,
    );
    const setting = "/etc/sysctl.d/60-tbox.conf";
    expect(found.map(({ name, remedy }) => [name, remedy])).toEqual([
      [
        "user namespaces",
        `on the host: echo 'user.max_user_namespaces = 65536' | sudo tee ${setting} && sudo sysctl -p ${setting}`,
      ],
      ["cgroup v2", "start the container with a cgroup namespace on a cgroup v2 host"],
      ["store", "put the store on a volume or tmpfs: export TBOX_DATA_DIR=/path/on/a/volume"],
    ]);
  });

  test("with the home directory on NFS, asks for a local disk", () => {
    const [found] = check({}, {}, 0x6969);
    expect(found?.remedy).toBe("put the store on a local disk: export TBOX_DATA_DIR=/path/on/a/local/disk");
  });

  test("offers to mend lingering and units where the user has a systemd instance", () => {
    const found = check({ "/run/systemd/system/x": "", "/run/user/1000/systemd/private": "" });
    expect(found.map(({ fix }) => fix)).toEqual(["linger", "systemd"]);
  });

  test("reports a runtime directory of another user", () => {
    const [found] = check({ "/run/other/x": "" }, { XDG_RUNTIME_DIR: "/run/missing" });
    expect(found?.detail).toContain("XDG_RUNTIME_DIR is /run/missing, which does not exist");
  });
});
