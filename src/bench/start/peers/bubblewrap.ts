import type { Peer } from "./peer.ts";

/** bubblewrap: namespaces and mounts only. It knows neither images nor networks. */
export const bubblewrap: Peer = {
  name: "bwrap",
  prepare: ({ rootfs, program, workingDirectory }) => {
    const root = ["--bind", rootfs, "/", "--proc", "/proc", "--dev", "/dev", "--chdir", workingDirectory];
    return [{ name: "bwrap", command: ["bwrap", "--unshare-all", ...root, ...program] }];
  },
};
