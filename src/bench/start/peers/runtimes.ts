import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { output } from "../../output.ts";
import type { Peer } from "./peer.ts";

/** The parts of an OCI runtime configuration that change; the others are kept. */
const runtimeConfig = z.looseObject({
  process: z.looseObject({ args: z.array(z.string()), cwd: z.string(), terminal: z.boolean() }),
  root: z.looseObject({ path: z.string(), readonly: z.boolean().optional() }),
  linux: z.looseObject({ namespaces: z.array(z.looseObject({ type: z.string() })) }),
});

/** OCI runtimes: one container of a prepared bundle, without image, network or daemon. */
export function runtime(name: "crun" | "runc"): Peer {
  return {
    name,
    prepare({ directory, rootfs, program, workingDirectory }) {
      const bundle = `${directory}/${name}`;
      mkdirSync(`${bundle}/state`, { recursive: true });
      output([name, "spec", "--rootless"], { cwd: bundle });
      const config = runtimeConfig.parse(JSON.parse(readFileSync(`${bundle}/config.json`, "utf8")));
      Object.assign(config.process, { args: program, cwd: workingDirectory, terminal: false });
      config.root.path = rootfs;
      const { namespaces } = config.linux;
      if (!namespaces.some(({ type }) => type === "network")) namespaces.push({ type: "network" });
      writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
      const call = (...options: string[]) => [name, "--root", `${bundle}/state`, ...options];
      const rest = ["run", "--bundle", bundle, `tbox-bench-${process.pid}`];
      const plain = { name, command: call(...rest) };
      return name === "crun"
        ? [plain, { name, command: call("--cgroup-manager=disabled", ...rest) }]
        : [plain];
    },
  };
}
