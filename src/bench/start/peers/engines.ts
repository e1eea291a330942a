import type { Candidate } from "../../measure/candidate.ts";
import { output } from "../../output.ts";
import type { Payload } from "../payload.ts";
import type { Peer } from "./peer.ts";

/** Returns container engines with Docker's command line. They get the image as an archive. */
export function engine(name: "docker" | "nerdctl" | "podman", network: "bridge" | "none"): Peer {
  const image = "localhost/tbox-bench:latest";
  const run = (options: readonly string[], { words }: Payload): Candidate => {
    const command = [name, "run", "--rm", ...options, image, ...words];
    return {
      name: nameOf(name),
      command: network === "none" ? insert(command, "--network", "none") : command,
    };
  };
  return {
    name,
    prepare(payload) {
      const loaded = output([name, "load", "-i", payload.archive]);
      const id = /Loaded image(?: ID)?:\s*(\S+)/.exec(loaded)?.[1] ?? payload.image;
      output([name, "tag", id, image]);
      return optionSets(name).map((options) => run(options, payload));
    },
    remove: () => void output([name, "rmi", "-f", image]),
  };
}

function insert([program = "", verb = "", ...rest]: string[], ...words: string[]): string[] {
  return [program, verb, ...words, ...rest];
}

/** Returns the default options, and those with which the engine runs in a restricted environment such as a CI container. */
function optionSets(name: string): string[][] {
  if (name !== "podman") return [[]];
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];
  return [[], ["--cgroups=disabled"], ["--cgroups=disabled", "--runtime", "crun", ...limits]];
}

/** Returns the name of an engine; the docker command may talk to another daemon than Docker's. */
function nameOf(name: string): string {
  if (name !== "docker") return name;
  const parts = output(["docker", "version", "--format", "{{range .Server.Components}}{{.Name}} {{end}}"]);
  return parts.includes("tbox") ? "docker CLI on tbox" : "docker";
}
