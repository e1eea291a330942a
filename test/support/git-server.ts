import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "./temp.ts";

/** A git repository on an HTTP server. */
export interface GitServer extends Disposable {
  /** URL of the repository, ending with `.git`. */
  url: string;
  /** Commit of the branch `main`; the tag `v1` is an older commit with another text. */
  commit: string;
  /** Headers of the last request. */
  lastHeaders(): Headers | undefined;
}

const person = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@x",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@x",
};

export interface GitServerOptions {
  /** Address of the server; loopback by default. */
  hostname?: string;
  /** Address of a submodule of the repository, at the path `module`. */
  submodule?: string;
}

/** Serves a repository with git's CGI program, or as plain files, which do not support shallow fetches. */
export function serveRepository(kind: "smart" | "files", options: GitServerOptions = {}): GitServer {
  const { hostname = "127.0.0.1", submodule } = options;
  const directory = temporaryDirectory("git");
  const work = `${directory.path}/work`;
  const bare = `${directory.path}/repo.git`;
  const environment = { PATH: process.env.PATH, HOME: directory.path, GIT_CONFIG_NOSYSTEM: "1", ...person };
  const git = (cwd: string, ...words: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...words], { cwd, env: environment });
    if (exitCode !== 0) throw new Error(`git ${words.join(" ")}: ${stderr}`);
    return stdout.toString().trim();
  };
  mkdirSync(`${work}/sub/deep`, { recursive: true });
  git(work, "init", "-q", "-b", "main");
  writeFileSync(`${work}/Dockerfile`, "FROM box:1\nCOPY . /ctx/\n");
  writeFileSync(`${work}/file`, "old\n");
  writeFileSync(`${work}/sub/Dockerfile`, "FROM box:1\nCOPY deep /deep/\n");
  writeFileSync(`${work}/sub/deep/f`, "deep\n");
  symlinkSync("/etc", `${work}/link`);
  git(work, "add", ".");
  git(work, "commit", "-q", "-m", "one");
  git(work, "tag", "-a", "v1", "-m", "first");
  writeFileSync(`${work}/file`, "new\n");
  git(work, "add", "file");
  if (submodule !== undefined) {
    writeFileSync(`${work}/.gitmodules`, `[submodule "module"]\n\tpath = module\n\turl = ${submodule}\n`);
    git(work, "add", ".gitmodules");
    git(work, "update-index", "--add", "--cacheinfo", `160000,${git(work, "rev-parse", "HEAD")},module`);
  }
  git(work, "commit", "-q", "-m", "two");
  const commit = git(work, "rev-parse", "HEAD");
  git(directory.path, "clone", "-q", "--bare", work, bare);
  git(bare, "update-server-info");
  let headers: Headers | undefined;
  const server = Bun.serve({
    port: 0,
    hostname,
    fetch(request) {
      headers = request.headers;
      if (kind === "smart") return backend(directory.path, request);
      const file = Bun.file(`${directory.path}${new URL(request.url).pathname}`);
      return file.size > 0 ? new Response(file) : new Response("", { status: 404 });
    },
  });
  return {
    url: `http://${hostname}:${server.port}/repo.git`,
    commit,
    lastHeaders: () => headers,
    [Symbol.dispose]() {
      server.stop(true);
      directory[Symbol.dispose]();
    },
  };
}

/** Answers one request through CGI. */
async function backend(root: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const protocol = request.headers.get("git-protocol");
  const child = Bun.spawn(["git", "http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
      ...(protocol === null ? {} : { GIT_PROTOCOL: protocol }),
    },
    stdin: new Uint8Array(await request.arrayBuffer()),
    stdout: "pipe",
    stderr: "ignore",
  });
  const output = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const end = output.indexOf("\r\n\r\n");
  const answer = new Headers();
  let status = 200;
  for (const line of output.subarray(0, end).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") status = Number.parseInt(value, 10);
    else answer.set(name, value);
  }
  return new Response(output.subarray(end + 4), { status, headers: answer });
}
