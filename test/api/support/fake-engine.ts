import type { Builder } from "#builds/builder.ts";
import type { Engine } from "#engine/engine.ts";
import { openEventLog } from "#engine/events.ts";
import { openNetworks } from "#network/open-networks.ts";
import { familiarName } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { openMetrics } from "#support/metrics.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { immediately } from "#test/support/immediately.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import { fakeContainers } from "./fake-containers.ts";
import { fakeDigest, fakeImages } from "./fake-images.ts";
import { fakeInformation } from "./fake-information.ts";
import { createFakeStore, type FakeState } from "./fake-state.ts";

export interface FakeEngine extends Engine, FakeState {}

/** Returns an engine whose containers are functions of the test, with real volumes and networks in memory. */
export function fakeEngine(): FakeEngine {
  const store = createFakeStore();
  const temporary = temporaryDirectory("volumes");
  return {
    ...store,
    images: fakeImages(store),
    builder: fakeBuilder(store),
    containers: fakeContainers(store),
    metrics: openMetrics(),
    failed: new Promise(() => {}),
    events: openEventLog(() => BigInt(Date.now()) * 1_000_000n),
    volumes: openVolumes({
      database: memoryDatabase(),
      store: temporary.path,
      uses: openUsageRegister(),
      discard: () => {},
      measure: async (paths) => paths.map(() => 0),
      notify: () => {},
      warn: () => {},
    }),
    networks: openNetworks({
      defer: immediately,
      database: memoryDatabase(),
      zygote: {
        net: () => Promise.reject(new TboxError("unavailable", "no net helper")),
        watchNetworks: () => {},
      },
      uses: openUsageRegister(),
      notify: () => {},
      warn: () => {},
    }),
    listenForContainers: () => Promise.reject(new TboxError("unavailable", "no zygote")),
    listenAgain: async () => {},
    information: async () => fakeInformation,
    diagnose: async () => [{ name: "kernel", status: "ok", detail: "6.1" }],
    latestRelease: async () => "0.2.0",
    async [Symbol.asyncDispose]() {
      temporary[Symbol.dispose]();
    },
  };
}

function fakeBuilder({ calls }: FakeState): Builder {
  return {
    async *build({ dockerfile, tags }) {
      calls.push(`build ${dockerfile}`);
      yield { type: "built", image: fakeDigest, tags: tags.map(familiarName), existed: false };
    },
    async *files() {},
    openScratch: () => ({ directory: "", [Symbol.dispose]() {} }),
    takeDirectory: () => ({ directory: "", list: undefined, [Symbol.dispose]() {} }),
    prune: async () => ({ ids: [], space: 0 }),
    usage: async () => [],
  };
}
