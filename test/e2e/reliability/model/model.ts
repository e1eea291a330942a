import type { TestDaemon } from "#test/support/daemon.ts";

/** The objects that the daemon should have. */
export interface Model {
  /** Containers by name. */
  containers: Map<string, { state: "created" | "running" | "exited"; volume: string | undefined }>;
  volumes: Set<string>;
  /** Names of the one image, besides `box:1`. */
  tags: Set<string>;
}

/** The daemon under test. */
export interface System {
  daemon: TestDaemon;
  /** Fills the disk of the store completely; the result frees it. */
  fillDisk: () => Disposable;
}

export function emptyModel(): Model {
  return { containers: new Map(), volumes: new Set(), tags: new Set() };
}

/** Returns the objects that the daemon has. */
export async function readModel({ daemon }: System): Promise<Model> {
  const get = async (path: string) => {
    const response = await daemon.request("GET", path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const containers = (await (await get("/containers/json?all=1")).json()) as Listed[];
  const { Volumes } = (await (await get("/volumes")).json()) as { Volumes: { Name: string }[] };
  const images = (await (await get("/images/json")).json()) as { RepoTags: string[] }[];
  const model = emptyModel();
  for (const { Names, State, Mounts } of containers) {
    const [mount] = Mounts;
    model.containers.set((Names[0] ?? "").slice(1), { state: State, volume: mount?.Name });
  }
  for (const { Name } of Volumes) model.volumes.add(Name);
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags)) if (tag !== "box:1") model.tags.add(tag);
  return model;
}

interface Listed {
  Names: string[];
  State: "created" | "running" | "exited";
  Mounts: { Name?: string }[];
}

/** Returns a text with every object in a fixed order, for comparisons and messages. */
export function describeModel({ containers, volumes, tags }: Model): string {
  const lines = [
    ...[...containers].map(([name, { state, volume = "" }]) => `container ${name} ${state} ${volume}`.trim()),
    ...[...volumes].map((name) => `volume ${name}`),
    ...[...tags].map((name) => `tag ${name}`),
  ];
  return lines.toSorted().join("\n");
}
