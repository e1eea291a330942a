import { rmSync, symlinkSync } from "node:fs";

/**
 * Takes the place of dockerd in a suite that starts daemons itself: asks the judge for a daemon and links its socket to the
 * path that `--host` names, until a signal ends this program. Usage: `stand-in-dockerd.ts SOCKET OF THE JUDGE, FLAGS OF DOCKERD`
 */
const [judge = "", ...flags] = process.argv.slice(2);
const host = (flags[flags.indexOf("--host") + 1] ?? "").replace(/^unix:\/\//, "");
const gone = Promise.withResolvers<void>();
const connection = await Bun.connect({
  unix: judge,
  socket: {
    data: (_, bytes) => symlinkSync(bytes.toString().trim(), host),
    close: () => gone.resolve(),
  },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => connection.end());
await gone.promise;
rmSync(host, { force: true });
