// A scenario of dockerode's, run by node as its users run it. Prints one JSON object of what it saw.
import { PassThrough, Readable } from "node:stream";
import Docker from "dockerode";

const [socketPath, image] = process.argv.slice(2);
const docker = new Docker({ socketPath });
const seen = {};

const text = async (stream) => {
  let all = "";
  for await (const piece of stream) all += piece;
  return all;
};

seen.version = (await docker.version()).ApiVersion;
seen.image = (await docker.getImage(image).inspect()).Os;

// run: create, attach, start, wait, remove
const output = new PassThrough();
const errors = new PassThrough();
const streams = Promise.all([text(output), text(errors)]);
const [end, ran] = await docker.run(image, ["sh", "-c", "echo out; echo err >&2; exit 3"], [output, errors], {
  HostConfig: { NetworkMode: "none" },
  Tty: false,
});
// dockerode ends both streams when all output has arrived, which may be after the wait.
seen.run = { code: end.StatusCode, streams: await streams };
await ran.remove();

// a container that lives
const container = await docker.createContainer({
  Image: image,
  name: "node",
  Cmd: ["sh", "-c", "echo up; exec sleep 1000"],
  Labels: { by: "dockerode" },
  HostConfig: { NetworkMode: "none" },
});
const events = await docker.getEvents({ filters: { container: ["node"], event: ["die"] } });
await container.start();
const [listed] = await docker.listContainers({ filters: { label: ["by=dockerode"] } });
seen.listed = { names: listed.Names, state: listed.State };

// exec, with input and frames
const exec = await container.exec({
  Cmd: ["sh", "-c", "cat; echo done >&2"],
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
});
const duplex = await exec.start({ hijack: true, stdin: true });
const execOutput = new PassThrough();
const execErrors = new PassThrough();
docker.modem.demuxStream(duplex, execOutput, execErrors);
duplex.end("typed");
duplex.on("end", () => {
  execOutput.end();
  execErrors.end();
});
seen.exec = await Promise.all([text(execOutput), text(execErrors)]);
seen.execCode = (await exec.inspect()).ExitCode;

// files
const archive = await container.getArchive({ path: "/bin/busybox" });
let size = 0;
for await (const piece of archive) size += piece.length;
seen.archive = size > 100_000;

// logs, stats, stop, wait, commit
seen.logs = (await container.logs({ stdout: true, follow: false })).toString().includes("up");
const sample = await container.stats({ stream: false });
seen.stats = typeof sample.read;
const waiting = container.wait();
await container.stop({ t: 0 });
seen.end = (await waiting).StatusCode;
seen.died = JSON.parse(
  String(
    await events[Symbol.asyncIterator]()
      .next()
      .then(({ value }) => value),
  ),
).Action;
events.destroy();
const committed = await container.commit({ repo: "from-node", tag: "1" });
seen.committed = /^sha256:[0-9a-f]{64}$/.test(committed.Id);
await container.remove({ v: true });

// an image out of a root file system, a build, volumes, and what is not there
const build = await docker.buildImage(
  { context: import.meta.dirname, src: ["Dockerfile"] },
  { t: "built-by-node:1", buildargs: JSON.stringify({ BASE: image }) },
);
await new Promise((resolve, reject) => {
  docker.modem.followProgress(build, (error, lines) => (error ? reject(error) : resolve(lines)));
});
seen.built = (await docker.getImage("built-by-node:1").inspect()).Config.Labels;
const throughBuildKit = await docker.buildImage(
  { context: import.meta.dirname, src: ["Dockerfile"] },
  { t: "built-by-node:2", buildargs: JSON.stringify({ BASE: image }), version: "2" },
);
seen.buildKit = await new Promise((resolve, reject) => {
  docker.followProgress(throughBuildKit, (error, lines) => (error ? reject(error) : resolve(lines)));
}).then((lines) => lines.some(({ stream }) => stream?.startsWith("Built image: sha256:")));
const volume = await docker.createVolume({ Name: "node-data" });
seen.volume = (await volume.inspect()).Driver;
await volume.remove();
seen.missing = await docker
  .getContainer("nosuch")
  .inspect()
  .catch((error) => ({ status: error.statusCode, message: error.json.message }));
seen.loaded = await text(await docker.loadImage(Readable.from([Buffer.from("no archive")]))).then((answer) =>
  answer.includes("errorDetail"),
);
await docker.getImage("from-node:1").remove();
await docker.getImage("built-by-node:1").remove();
await docker.getImage("built-by-node:2").remove();
seen.left = (await docker.listContainers({ all: true })).length;

console.log(JSON.stringify(seen));
