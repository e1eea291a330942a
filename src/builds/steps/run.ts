import { mkdirSync, writeFileSync } from "node:fs";
import type { StepMount } from "#containers/build-steps/create-step.ts";
import { formatPlatform, hostPlatform, type Platform } from "#oci/platform.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import type { BuildRequest } from "../builder.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { heredocText, parseHeredoc } from "../dockerfile/heredoc.ts";
import type { Located, Run } from "../dockerfile/instruction.ts";
import { commandWords } from "../plan/apply-setting.ts";
import { ownValue } from "../plan/plan-stages.ts";
import { proxyEnvironment } from "../plan/platform-arguments.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepContext, StepResult } from "../solve/build-run.ts";
import { StepError } from "../solve/step-error.ts";
import { ensureLayer } from "./ensure-layer.ts";
import { readOutput } from "./read-output.ts";
import { openRunMounts } from "./run-mounts.ts";

/** Hostname of all RUN containers. A fixed name keeps builds reproducible. */
const defaultHostname = "buildkitsandbox";

/** Carries out RUN: runs a program on the files of the stage and stores its changes as a layer. */
export async function runProgram(
  run: BuildRun,
  stage: StageState,
  instruction: Run & Located,
  step: StepContext,
): Promise<StepResult> {
  const { request, epoch } = run;
  const { args, script } = programOf(instruction, stage);
  using mounts = await openRunMounts(run, stage, instruction, step);
  const network = networkOf(request, instruction);
  const hostname = request.arguments.BUILDKIT_SANDBOX_HOSTNAME || defaultHostname;
  const environment = Object.entries(stage.environment).map(([name, value]) => `${name}=${value}`);
  const key = cacheKey([
    "run",
    stage.diffIds,
    args,
    script ?? null,
    environment,
    stage.settings.User ?? "",
    stage.settings.WorkingDir ?? "",
    mounts.key,
    network,
    hostname,
    request.extraHosts,
    epoch ?? null,
  ]);
  return await ensureLayer(run, stage, {
    key,
    createdBy: `RUN ${declaredArguments(stage)}${args.join(" ")} # buildkit`,
    async create() {
      const opened = await mounts.open();
      const scripts = script ? [mountScript(run, script, step)] : [];
      const { containers, layers } = run.services;
      const { id, upper } = await containers.builds.createStep({
        layers: stage.diffIds,
        request: {
          Entrypoint: args,
          Env: [...proxyEnvironment(request.arguments), ...environment],
          User: stage.settings.User ?? "",
          WorkingDir: stage.settings.WorkingDir ?? "",
          // A container that shares another container's network also has that container's hostname.
          ...(network.startsWith("container:") ? {} : { Hostname: hostname }),
          AttachStdout: true,
          AttachStderr: true,
          HostConfig: {
            NetworkMode: network,
            ExtraHosts: request.extraHosts,
            Ulimits: request.ulimits,
            LogConfig: { Type: "none" },
            ...request.resources,
            ...(request.cgroupParent === undefined ? {} : { CgroupParent: request.cgroupParent }),
            ...(request.shmSize > 0 ? { ShmSize: request.shmSize } : {}),
          },
        },
        mounts: [...opened.mounts, ...scripts],
        environment: opened.environment,
      });
      try {
        const code = await execute(run, id, step).catch((error) => {
          throw withPlatform(error, stage.platform);
        });
        if (code !== 0) throw new StepError(args.join(" "), code, instruction.lines);
        return await layers.commitUpper(upper, epoch === undefined ? {} : { latest: epoch });
      } finally {
        await containers.lifecycle.remove(id, { force: true, volumes: true });
      }
    },
  });
}

/** Explains that the kernel cannot execute the programs of another platform. */
function withPlatform(error: unknown, platform: Platform): unknown {
  const host = hostPlatform();
  const isOther = platform.architecture !== host.architecture;
  if (!isOther || !(error instanceof TboxError) || !/exec format error/.test(errorChain(error))) return error;
  const [other, own] = [formatPlatform(platform), formatPlatform(host)];
  const fix =
    "install qemu-user-static and binfmt-support, or use FROM --platform=$BUILDPLATFORM and cross-compile";
  return new TboxError("invalid-argument", `cannot run programs for ${other} on ${own}: ${fix}`, {
    cause: error,
  });
}

/** Returns the network mode of a RUN. The host's network needs the permission of the request. */
function networkOf({ network, allowHostNetwork }: BuildRequest, instruction: Run): string {
  if (instruction.network === "default") return network ?? "";
  if (instruction.network === "host" && !allowHostNetwork) {
    const fix = "build with --allow network.host, or --network host";
    throw new TboxError("forbidden", `RUN --network=host is not allowed: ${fix}`);
  }
  return instruction.network;
}

/** Runs the container of a step until it exits or the build is aborted; returns the exit status. */
async function execute(run: BuildRun, id: string, { number }: StepContext): Promise<number> {
  const { containers } = run.services;
  run.signal.throwIfAborted();
  const output = await containers.streams.attach(id, {
    stdin: false,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    framing: "multiplexed",
  });
  run.emit({ type: "running", number, container: id });
  const cancel = () => containers.lifecycle.kill(id, { signal: "KILL" }).catch(() => {});
  run.signal.addEventListener("abort", cancel, { once: true });
  try {
    const exited = containers.lifecycle.wait(id, "next-exit", run.signal);
    exited.catch(() => {});
    await containers.lifecycle.start(id, { attended: true });
    // If the build was aborted during the start, there was no program to kill yet.
    if (run.signal.aborted) await cancel();
    for await (const { stream, text } of readOutput(output)) {
      run.emit({ type: "output", number, stream, text });
      await run.room();
    }
    return (await exited).code;
  } finally {
    run.signal.removeEventListener("abort", cancel);
    output.destroy();
  }
}

interface Program {
  args: string[];
  /** A here-document with a `#!` line, which becomes an executable file. */
  script?: { name: string; text: string };
}

function programOf({ command, heredocs }: Run, stage: StageState): Program {
  const [first] = heredocs;
  const [word = ""] = command.words;
  if (!first) return { args: commandWords(command, stage) };
  const asCommand = (text: string) => commandWords({ words: [text], shell: true }, stage);
  if (!parseHeredoc(word)) {
    // The shell reads here-documents that are part of the command.
    const documents = heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { args: asCommand(word + documents.join("")) };
  }
  const text = heredocText(first);
  if (!text.startsWith("#!")) return { args: asCommand(text) };
  return { args: asCommand(`/dev/pipes/${first.name}`), script: { name: first.name, text } };
}

function mountScript(run: BuildRun, script: { name: string; text: string }, step: StepContext): StepMount {
  const directory = `${run.scratch}/scripts-${step.number}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/${encodeURIComponent(script.name)}`, script.text, { mode: 0o755 });
  const source = `/${encodeURIComponent(script.name)}`;
  return { type: "tree", tree: { directory }, source, target: `/dev/pipes/${script.name}`, readonly: true };
}

/** Formats the declared arguments as in Docker's history: `|2 A=1 B=2 `. */
function declaredArguments({ declared, environment }: StageState): string {
  if (declared.length === 0) return "";
  const values = declared.map((name) => `${name}=${ownValue(environment, name) ?? ""}`);
  return `|${declared.length} ${values.join(" ")} `;
}
