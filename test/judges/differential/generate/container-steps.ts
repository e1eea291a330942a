import { tar } from "#test/support/tar.ts";
import { plainBody } from "./create-body.ts";
import { stepOf } from "./table.ts";

const base64 = (entries: Parameters<typeof tar>[0]) => Buffer.from(tar(entries)).toString("base64");
const archives = [
  base64([{ path: "new", content: "new" }]),
  base64([
    { path: "dir", type: "directory" },
    { path: "dir/link", type: "symlink", target: "../etc" },
  ]),
  base64([{ path: "../out", content: "x" }]),
  base64([{ path: "etc", content: "a file over a directory" }]),
  Buffer.from("not an archive").toString("base64"),
  "",
];

const updates = [
  {},
  { RestartPolicy: { Name: "always" } },
  { RestartPolicy: { Name: "nonsense" } },
  { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } },
  null,
  { Unknown: 1 },
  [],
];

const execs = [
  { Cmd: ["echo", "hi"], AttachStdout: true },
  { Cmd: ["sh", "-c", "echo out; echo err >&2; exit 4"], AttachStdout: true, AttachStderr: true },
  { Cmd: ["nosuch"], AttachStdout: true },
  { Cmd: [] },
  { Cmd: ["pwd"], AttachStdout: true, WorkingDir: "/etc" },
  { Cmd: ["id", "-u"], AttachStdout: true, User: "user" },
  { Cmd: ["id"], AttachStdout: true, User: "nosuch" },
  { Cmd: ["env"], AttachStdout: true, Env: ["X=1", "Y"] },
  { Cmd: ["tty"], AttachStdout: true, Tty: true },
  { Cmd: ["echo"], DetachKeys: "nonsense" },
  { Cmd: ["true"], Unknown: 1 },
  {},
  null,
];

/** Requests about the containers `c0` and `c1`. */
export const containerStep = stepOf(
  [
    { weight: 2, request: "POST /containers/create?name=c1", bodies: plainBody, save: "c1" },
    { weight: 6, request: "POST /containers/$c/start", queries: ["", "", "detachKeys=nonsense"] },
    {
      weight: 2,
      request: "POST /containers/$c/stop",
      queries: ["t=0", "t=1", "t=x", "signal=KILL&t=1", "signal=nope"],
    },
    {
      weight: 2,
      request: "POST /containers/$c/kill",
      queries: ["", "signal=TERM", "signal=0", "signal=nope", "signal=9", "signal="],
    },
    { request: "POST /containers/$c/restart", queries: ["t=0", "t=x", "signal=KILL&t=0"] },
    {
      request: "POST /containers/$c/rename",
      queries: ["name=c1", "name=c0", "name=c3", "name=", "", "name=a%20b", "name=/c4"],
    },
    { weight: 2, request: "POST /containers/$c/update", bodies: updates },
    {
      request: "POST /containers/$c/wait",
      queries: ["", "condition=not-running", "condition=nonsense", "condition=removed"],
    },
    { request: "POST /containers/$c/resize", queries: ["h=10&w=20", "h=x&w=1", "", "h=0&w=0", "h=-1&w=5"] },
    { request: "POST /containers/$c/pause" },
    { request: "POST /containers/$c/unpause" },
    {
      request: "POST /containers/prune",
      queries: [
        "",
        'filters={"label":["a"]}',
        'filters={"until":["nope"]}',
        'filters={"nosuch":["a"]}',
        "filters=x",
      ],
    },
    { weight: 2, request: "GET /containers/$c/json", queries: ["", "size=1", "size=nope"] },
    {
      weight: 2,
      request: "GET /containers/$c/logs",
      queries: [
        "stdout=1",
        "stdout=1&stderr=1",
        "",
        "stderr=1&tail=1",
        "stdout=1&tail=x",
        "stdout=1&since=x",
        "stdout=1&details=1",
        "stdout=1&until=1",
        "stdout=1&tail=0",
        "stdout=1&tail=-1",
      ],
    },
    { request: "GET /containers/$c/changes" },
    { request: "GET /containers/$c/export" },
    {
      request: "GET /containers/$c/archive",
      queries: [
        "path=/etc/passwd",
        "path=/data",
        "path=",
        "",
        "path=nosuch",
        "path=/etc/",
        "path=etc/passwd/",
        "path=/bin/sh",
        "path=/",
        "path=.",
        "path=/data/.",
      ],
    },
    {
      request: "HEAD /containers/$c/archive",
      queries: ["path=/etc/passwd", "path=/bin/sh", "path=nosuch", "path=/proc", "path=/"],
    },
    {
      request: "PUT /containers/$c/archive",
      queries: [
        "path=/",
        "path=/data",
        "path=/etc/passwd",
        "path=nosuch",
        "",
        "path=/&noOverwriteDirNonDir=1",
      ],
      archives,
    },
    { request: "GET /containers/$c/top", queries: ["ps_args=nope", "ps_args=-o%20comm"] },
    {
      request: "DELETE /containers/$c",
      queries: ["", "force=1", "v=1", "v=1&force=1", "link=1", "force=nope"],
    },
    {
      request: "POST /commit",
      queries: [
        "container=c0",
        "container=nosuch",
        "",
        "container=c0&repo=r&tag=t",
        "container=c0&repo=UPPER",
        "container=c0&repo=r&pause=nope",
        "container=c0&repo=r&changes=ENV%20X=1%0ALABEL%20a=b",
        "container=c0&changes=RUN%20x",
        "container=c0&author=a&comment=b&repo=r",
      ],
      bodies: [
        undefined,
        {},
        { Env: ["Z=1"], Labels: { l: "1" } },
        { Cmd: ["x"], ExposedPorts: { "9/tcp": {} } },
      ],
      save: "commit",
    },
    { weight: 2, request: "POST /containers/$c/exec", bodies: execs, save: "exec" },
    {
      weight: 2,
      request: "POST /exec/{exec}/start",
      bodies: [{}, { Detach: true }, { Tty: true }, null],
      upgrade: true,
    },
    { request: "GET /exec/{exec}/json" },
    {
      request: "POST /containers/$c/attach",
      queries: ["stdout=1&logs=1", "logs=1", "stream=1&stdin=nope", ""],
    },
  ],
  { c: ["c0", "c0", "c0", "c1", "nosuch"] },
);

const filters = [
  "status=running",
  "status=nonsense",
  "name=c",
  "name=^/c0$",
  "name=^c0$",
  "id=x",
  "label=a",
  "label=a=1",
  "label=",
  "exited=0",
  "exited=x",
  "ancestor=base",
  "ancestor=nosuch",
  "before=c0",
  "since=nosuch",
  "volume=v0",
  "volume=/v",
  "network=bridge",
  "publish=80",
  "publish=x",
  "expose=80/tcp",
  "health=none",
  "health=nonsense",
  "is-task=true",
  "is-task=x",
  "isolation=default",
  "nosuch=1",
  "label!=a",
].map((text) => {
  const [name = "", ...rest] = text.split("=");
  return `all=1&filters=${encodeURIComponent(JSON.stringify({ [name]: [rest.join("=")] }))}`;
});

/** Listings of containers. */
export const listStep = stepOf(
  [
    {
      request: "GET /containers/json",
      queries: [
        ...filters,
        "",
        "all=1",
        "limit=1",
        "limit=x",
        "limit=-1",
        "size=1",
        "since=c0",
        "filters=x",
        "filters=[]",
        "filters={}",
        "all=nope",
      ],
    },
  ],
  {},
);
