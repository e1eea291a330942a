import { awaitLine } from "#test/support/program.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { shellUnavailable } from "./images.ts";

/** Number of file entries of a small disk. */
export const smallDiskEntries = 3000;

/** Mounts a small file system on a directory, in a mount namespace of its own that lasts no longer than the test. */
export async function mountSmallDisk(directory: string) {
  const script = `mount -t tmpfs -o size=200m,nr_inodes=${smallDiskEntries},mode=700 none "$0" && echo ready && exec cat`;
  const unshare = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"];
  const holder = Bun.spawn([...unshare, "sh", "-c", script, directory], {
    // The holder ends at the end of its input, also when the test is killed.
    stdio: ["pipe", "pipe", "ignore"],
  });
  await awaitLine(holder.stdout, "ready");
  return {
    /** Command prefix that enters the namespace. */
    enter: ["nsenter", "-t", String(holder.pid), "--user", "--mount", "--preserve-credentials", "--"],
    /** Path of the file system for processes outside of the namespace. */
    path: `/proc/${holder.pid}/root${directory}`,
    async [Symbol.asyncDispose]() {
      holder.kill("SIGKILL");
      await holder.exited;
    },
  };
}

/** Returns the reason why a small disk, or a container with a shell, is not possible here; undefined if both are. */
export async function smallDiskUnavailable(): Promise<string | undefined> {
  if (shellUnavailable !== undefined) return shellUnavailable;
  using directory = temporaryDirectory("disk");
  try {
    await using _ = await mountSmallDisk(directory.path);
    return undefined;
  } catch {
    return "mounts in a user namespace are not possible";
  }
}
