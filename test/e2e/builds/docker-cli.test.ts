import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { dockerUnavailable, docker as runDocker } from "#test/support/docker.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { type ContextFiles, writeContext } from "../support/build.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const unavailable = dockerUnavailable ?? shellUnavailable;
daemonSuite(
  "docker build with the classic builder",
  { obstacle: unavailable, prepare: loadBox },
  (daemon) => {
    const classic = { environment: { DOCKER_BUILDKIT: "0" } };
    const docker = (args: string[], stdin?: string) =>
      runDocker(daemon.socket, args, { ...classic, ...(stdin === undefined ? {} : { stdin }) });
    const build = async (dockerfile: string, files: ContextFiles, ...options: string[]) => {
      using context = writeContext({ Dockerfile: dockerfile, ...files });
      return await docker(["build", ...options, context.path]);
    };

    test("prints every step and marks cached ones", async () => {
      const dockerfile = "FROM box:1\nARG WHO=nobody\nCOPY f /f\nRUN echo for $WHO; cat /f\n";
      const given = ["-t", "cli:1", "--build-arg", "WHO=us", "--label", "a=b"];
      const first = await build(dockerfile, { f: "file\n" }, ...given);
      expect(first.code).toBe(0);
      const id = "[0-9a-f]{12}";
      expect(first.stdout).toMatch(
        new RegExp(
          [
            "Step 1/5 : FROM box:1",
            ` ---> ${id}`,
            "Step 2/5 : ARG WHO=nobody",
            ` ---> ${id}`,
            "Step 3/5 : COPY f /f",
            ` ---> ${id}`,
            "Step 4/5 : RUN echo for \\$WHO; cat /f",
            ` ---> Running in ${id}`,
            "for us",
            "file",
            ` ---> Removed intermediate container ${id}`,
            ` ---> ${id}`,
            "Step 5/5 : LABEL a=b",
            ` ---> (${id})`,
            "Successfully built \\1",
            "Successfully tagged cli:1",
            "$",
          ].join("\n"),
        ),
      );
      const again = await build(dockerfile, { f: "file\n" }, ...given);
      expect(again.stdout.match(/ ---> Using cache/g)).toHaveLength(4);
      const inspected = await docker(["inspect", "-f", "{{.Config.Labels.a}}", "cli:1"]);
      expect(inspected.stdout).toBe("b\n");
    });

    test("ONBUILD alone makes a new image, and an empty build fails", async () => {
      expect((await build("FROM box:1\nONBUILD RUN touch /seen\n", {}, "-t", "trigger:1")).code).toBe(0);
      expect((await build("FROM trigger:1\nRUN [ -f /seen ]\n", {})).code).toBe(0);
      expect((await build("FROM scratch\n", {})).stderr).toContain("No image was generated");
      expect((await build("FROM scratch\n", {}, "--label", "a=b")).code).toBe(0);
    });

    test("FROM alone is the image itself, and its step shows the image's ID", async () => {
      const box = (await docker(["inspect", "-f", "{{.Id}}", "box:1"])).stdout.trim();
      const built = await build("ARG TAG=1\nFROM box:$TAG\n", {}, "-t", "same:1");
      const short = box.slice("sha256:".length, "sha256:".length + 12);
      // The client itself reports the size of the context first.
      const steps = ({ stdout }: { stdout: string }) => stdout.slice(stdout.indexOf("Step 1"));
      expect(steps(built)).toBe(
        `Step 1/2 : ARG TAG=1\nStep 2/2 : FROM box:$TAG\n ---> ${short}\nSuccessfully built ${short}\nSuccessfully tagged same:1\n`,
      );
      expect((await docker(["inspect", "-f", "{{.Id}}", "same:1"])).stdout.trim()).toBe(box);
      const scratch = await build("FROM scratch\nLABEL a=b\n", {});
      expect(steps(scratch)).toStartWith("Step 1/2 : FROM scratch\n ---> \nStep 2/2 : LABEL a=b\n ---> ");
    });

    test("reports stages one after the other, and why rm=0 has no effect", async () => {
      const stage = (name: string, seconds: number) =>
        `FROM box:1 AS ${name}\nRUN sleep ${seconds}; echo ${name} $(cat /proc/sys/kernel/random/uuid)\n`;
      const copies = "FROM box:1\nCOPY --from=slow /etc /a/\nCOPY --from=fast /etc /b/\n";
      const dockerfile = stage("slow", 1) + stage("fast", 0) + copies;
      const { stdout } = await build(dockerfile, {}, "--rm=false");
      expect(stdout.match(/^Step \d+/gm)).toEqual([
        "Step 1",
        "Step 2",
        "Step 3",
        "Step 4",
        "Step 5",
        "Step 6",
        "Step 7",
      ]);
      expect(stdout).toMatch(/slow [\s\S]*Step 3[\s\S]*fast /);
      expect(stdout.match(/rm=0 is ignored/g)).toHaveLength(1);
    });

    test("fails with the program's exit code, and without a Dockerfile", async () => {
      const failed = await build("FROM box:1\nRUN echo said; exit 7\n", {});
      expect({ code: failed.code, said: failed.stdout.includes("said\n") }).toEqual({ code: 7, said: true });
      expect(failed.stderr).toContain(
        "The command '/bin/sh -c echo said; exit 7' returned a non-zero code: 7",
      );
      const wrong = await build("FROM box:1\nNOPE\n", {});
      expect(wrong.stderr).toContain("dockerfile parse error on line 2: unknown instruction: NOPE");
      expect((await docker(["ps", "-aq"])).stdout).toBe("");
    });

    test("reads a Dockerfile from standard input or another file, and writes --iidfile", async () => {
      using directory = temporaryDirectory("iid");
      const file = `${directory.path}/id`;
      const piped = await docker(["build", "-q", "--iidfile", file, "-"], "FROM box:1\nENV A=piped\n");
      expect(piped.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      expect(readFileSync(file, "utf8").trim()).toBe(piped.stdout.trim());
      using context = writeContext({
        f: "f",
        other: "FROM box:1\nCOPY . /x/\n",
        "other.dockerignore": "other*\n",
      });
      const named = await docker(["build", "-q", "-f", `${context.path}/other`, context.path]);
      const run = ["run", "--rm", "--network", "none", named.stdout.trim(), "ls", "/x"];
      expect((await docker(run)).stdout).toBe("f\n");
    });

    test("ends when the client is interrupted", async () => {
      using context = writeContext({ Dockerfile: "FROM box:1\nRUN echo running; sleep 1000\n" });
      const client = Bun.spawn(["docker", "build", context.path], {
        env: { ...daemon.environment, DOCKER_BUILDKIT: "0", DOCKER_HOST: `unix://${daemon.socket}` },
        stdout: "pipe",
        stderr: "ignore",
      });
      const decoder = new TextDecoder();
      let text = "";
      for await (const piece of client.stdout) {
        text += decoder.decode(piece);
        if (text.includes("\nrunning")) break;
      }
      client.kill("SIGINT");
      await client.exited;
      await until(async () => (await docker(["ps", "-aq"])).stdout === "");
    });

    test("leaves a cache that builder prune removes", async () => {
      const dockerfile = "FROM box:1\nRUN cat /proc/sys/kernel/random/uuid > /r\n";
      await build(dockerfile, {});
      expect((await build(dockerfile, {})).stdout).toContain("Using cache");
      expect((await docker(["builder", "prune", "-af"])).stdout).toContain("Total reclaimed space:");
      expect((await build(dockerfile, {})).stdout).not.toContain("Using cache");
    });
  },
);
