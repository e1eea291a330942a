import type { TestDaemon } from "#test/support/daemon.ts";
import {
  buildImage,
  busyboxLayer,
  busyboxUnavailable,
  type ImageSource,
  ociArchive,
} from "#test/support/images.ts";
import type { TarEntry } from "#test/support/tar.ts";
import { programUnavailable } from "#test/support/user.ts";

/** Reason why containers with a shell cannot run here; undefined when they can. */
export const shellUnavailable: string | undefined = programUnavailable ?? busyboxUnavailable;

/** Loads the image `box:1`, which has a shell: the preparation of most suites. */
export async function loadBox(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1");
}

/** Loads an image with busybox in its first layer; `config` is the `config` part of its configuration. */
export async function loadShell(
  daemon: TestDaemon,
  name: string,
  config: Record<string, unknown> = {},
  more: TarEntry[] = [],
): Promise<void> {
  await loadImage(daemon, name, {
    layers: [busyboxLayer(), ...(more.length > 0 ? [more] : [])],
    config: { Env: ["PATH=/bin"], ...config },
  });
}

export async function loadImage(daemon: TestDaemon, name: string, source: ImageSource): Promise<void> {
  const archive = ociArchive(buildImage(source), name);
  const { code, stderr } = await daemon.tbox(["load"], { stdin: archive });
  if (code !== 0) throw new Error(`load ${name}: ${stderr}`);
}
