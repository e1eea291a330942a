import { mkdirSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { ociArchive, pushImage, type TestImage } from "#test/support/images.ts";
import { startRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import type { NamedImage } from "./fixtures.ts";

/** A daemon with the images that a suite expects, and a registry in place of Docker Hub. */
export interface JudgedEngine extends AsyncDisposable {
  daemon: TestDaemon;
  /** Environment of a client: DOCKER_HOST, an empty configuration, a home of its own. */
  environment: Record<string, string>;
  /** Loads the images that a suite has removed again. */
  load(): Promise<void>;
}

/** Starts a daemon with the images; the registry serves those without a host in their name. */
export async function startEngine(images: NamedImage[]): Promise<JudgedEngine> {
  await using opened = new AsyncDisposableStack();
  const home = opened.use(temporaryDirectory("judge"));
  const registry = opened.use(await startRegistry());
  for (const { name, image } of images) await publish(registry.host, name, image);
  mkdirSync(`${home.path}/.config/tbox`, { recursive: true });
  mkdirSync(`${home.path}/empty`);
  const settings = {
    "registry-mirrors": [`http://${registry.host}`],
    "insecure-registries": [registry.host],
  };
  writeFileSync(`${home.path}/.config/tbox/config.json`, JSON.stringify(settings));
  const daemon = opened.use(await startDaemon({ XDG_CONFIG_HOME: `${home.path}/.config` }));
  const load = async () => {
    for (const { name, image } of images) {
      const { code, stderr } = await daemon.tbox(["load"], { stdin: ociArchive(image, name) });
      if (code !== 0) throw new Error(`load ${name}: ${stderr}`);
    }
  };
  await load();
  const owned = opened.move();
  return {
    daemon,
    environment: {
      PATH: process.env.PATH ?? "",
      HOME: `${home.path}/empty`,
      TMPDIR: home.path,
      DOCKER_CONFIG: `${home.path}/empty`,
      DOCKER_HOST: `unix://${daemon.socket}`,
    },
    load,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function publish(host: string, name: string, image: TestImage): Promise<void> {
  const [repository = "", tag = "latest"] = name.split(":");
  if (repository.includes(".")) return;
  await pushImage(host, repository.includes("/") ? repository : `library/${repository}`, tag, image);
}
