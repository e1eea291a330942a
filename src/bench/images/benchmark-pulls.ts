import { mkdirSync } from "node:fs";
import { type BenchmarkOptions, runBenchmark } from "../benchmark.ts";
import { splitInstalled } from "../installed-peers.ts";
import type { Candidate } from "../measure/candidate.ts";
import { interleaved } from "../measure/rounds.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";
import { openPrivateStore, type PrivateStore, removeTree } from "../private-store.ts";
import type { BenchResult, Group } from "../result.ts";

export interface PullOptions extends BenchmarkOptions {
  /** Images in a registry. */
  images: readonly string[];
  /** Registry and path for pushes; each push gets a repository of its own below it. Absent: no pushes. */
  push?: string;
  /** Whether registries without TLS are used. */
  insecure: boolean;
  peers: readonly string[];
}

/** Programs that a pull can be compared with. */
export const pullPeers = ["podman"] as const;

/** Measures pulls into an empty store, and pushes. Every run has a store of its own. */
export function benchmarkPulls(options: PullOptions): Promise<BenchResult> {
  return runBenchmark("pull", async (directory) => {
    const { images, rounds, push, progress, signal } = options;
    const { installed, skipped } = splitInstalled(options.peers);
    const podman = installed.includes("podman");
    const groups: Group[] = [];
    const measure = async (title: string, candidates: Candidate[]) => {
      progress(title);
      const given = { rounds, warmups: 0, pause: 0, signal };
      groups.push(await interleaved({ id: title, title, unit: "ms", comparable: true }, candidates, given));
    };
    for (const image of images) {
      const pulls = [ownPull(directory, image)];
      if (podman) pulls.push(podmanPull(directory, image, options.insecure));
      await measure(`pull of ${image}`, pulls);
      if (push === undefined) continue;
      const pushes = [ownPush(directory, image, push)];
      if (podman) pushes.push(podmanPush(directory, image, push, options.insecure));
      await measure(`push of ${image}`, pushes);
    }
    const settings = { images: images.join(" "), rounds: String(rounds) };
    return { groups, skipped, settings, storage: directory };
  });
}

/** Returns a candidate with an empty store for each run. `fill` prepares the store. */
function ownCandidate(name: string, directory: string, fill: (store: PrivateStore) => string[]): Candidate {
  const place = `${directory}/tbox`;
  let store: PrivateStore | undefined;
  const command: string[] = [];
  const environment: Record<string, string | undefined> = {};
  return {
    name,
    command,
    environment,
    before() {
      store = openPrivateStore(place);
      Object.assign(environment, store.environment);
      command.splice(0, command.length, ...fill(store));
    },
    after() {
      store?.[Symbol.dispose]();
      store = undefined;
    },
  };
}

function ownPull(directory: string, image: string): Candidate {
  return ownCandidate("tbox pull", directory, () => ownCommand("pull", "-q", image));
}

let pushed = 0;

/** Returns a new name: a registry that has the layers already would not receive them. */
function newName(push: string): string {
  return `${push}/${process.pid}-${pushed++}:1`;
}

function ownPush(directory: string, image: string, push: string): Candidate {
  return ownCandidate("tbox push", directory, (store) => {
    const name = newName(push);
    output(ownCommand("pull", "-q", image), store);
    output(ownCommand("tag", image, name), store);
    return ownCommand("push", "-q", name);
  });
}

/** Returns podman with a storage of its own. Podman refuses a run directory whose path is longer than 50 characters. */
function podmanIn(directory: string): string[] {
  return ["podman", "--root", `${directory}/p/r`, "--runroot", `${directory}/p/n`];
}

function podmanPull(directory: string, image: string, insecure: boolean): Candidate {
  const tls = insecure ? ["--tls-verify=false"] : [];
  return {
    name: "podman pull",
    command: [...podmanIn(directory), "pull", "-q", ...tls, image],
    before: () => void mkdirSync(`${directory}/p`),
    after: () => removeTree(`${directory}/p`),
  };
}

function podmanPush(directory: string, image: string, push: string, insecure: boolean): Candidate {
  const tls = insecure ? ["--tls-verify=false"] : [];
  const podman = podmanIn(directory);
  const command: string[] = [];
  return {
    name: "podman push",
    command,
    before() {
      mkdirSync(`${directory}/p`);
      output([...podman, "pull", "-q", ...tls, image]);
      command.splice(0, command.length, ...podman, "push", "-q", ...tls, image, newName(push));
    },
    after: () => removeTree(`${directory}/p`),
  };
}
