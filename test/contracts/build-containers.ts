import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { tar } from "#test/support/tar.ts";
import type { RealContainers } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";

/** Declares the guarantees of the containers and file systems of builds. */
export function describeBuildContainers(name: string, open: () => Promise<RealContainers>): void {
  containersSuite(name, open, (subject) => {
    test("a step runs on its layers, and its changes are in its upper directory", async () => {
      const { builds, lifecycle } = subject().containers;
      const { diffIds: layers } = await subject().engine.images.resolve(subject().image);
      const { id, upper } = await builds.createStep({
        layers,
        request: { Cmd: ["sh", "-c", 'echo "$SECRET" >/written'] },
        mounts: [],
        environment: ["SECRET=value"],
      });
      const exit = lifecycle.wait(id, "next-exit", new AbortController().signal);
      await lifecycle.start(id);
      expect(await exit).toEqual({ code: 0 });
      expect(await Bun.file(`${subject().store}/${upper}/written`).text()).toBe("value\n");
    });

    test("a secret of a step is not stored", async () => {
      const { builds, queries } = subject().containers;
      const { diffIds: layers } = await subject().engine.images.resolve(subject().image);
      const request = { Cmd: ["true"] };
      const { id } = await builds.createStep({ layers, request, mounts: [], environment: ["SECRET=value"] });
      expect(JSON.stringify(queries.get(id))).not.toContain("SECRET");
    });

    test("a workspace keeps its changes apart from the layers, until it is disposed", async () => {
      const { builds } = subject().containers;
      const { diffIds: layers } = await subject().engine.images.resolve(subject().image);
      const workspace = builds.openWorkspace(layers);
      const upper = `${subject().store}/${workspace.upper}`;
      const archive = new Blob([new Uint8Array(tar([{ path: "added", content: "text" }]))]).stream();
      await workspace.extract(archive);
      expect(await Bun.file(`${upper}/added`).text()).toBe("text");
      expect(existsSync(`${upper}/etc`)).toBe(false);
      workspace[Symbol.dispose]();
      expect(existsSync(upper)).toBe(false);
    });

    test("a workspace lists and exports the files of layers", async () => {
      const { builds } = subject().containers;
      const { diffIds } = await subject().engine.images.resolve(subject().image);
      using workspace = builds.openWorkspace(diffIds);
      const tree = { layers: diffIds };
      const names = (await workspace.list(tree, "etc")).map(({ path }) => path);
      expect(names.toSorted()).toEqual(["", "group", "passwd"]);
      expect(await workspace.list(tree, "none")).toEqual([]);
      expect((await buffer(workspace.export(tree))).toString("latin1")).toContain("etc/passwd\0");
    });
  });
}
