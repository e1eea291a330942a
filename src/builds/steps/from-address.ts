import { parseDigest } from "#oci/digest.ts";
import { explained, invalidArgument } from "#support/errors.ts";
import { openHostTree } from "#support/host-tree.ts";
import { compileIgnorePatterns } from "#support/ignore-patterns.ts";
import { reachOf } from "../context/reach.ts";
import { scanTree } from "../context/scan.ts";
import { selectSource } from "../context/select.ts";
import type { Copy } from "../dockerfile/instruction.ts";
import { checkOut, findCommit } from "../git/checkout.ts";
import { checkCommit, isRepository, parseRepository } from "../git/repository.ts";
import type { BuildRun } from "../solve/build-run.ts";
import { type CopyContext, type CopySource, planCopy } from "./copy-source.ts";
import { download, fileNameOf } from "./download.ts";

/** Tests for a URL or the address of a git repository. */
export function isAddress(source: string): boolean {
  return /^https?:\/\//.test(source) || isRepository(source);
}

/** Resolves an address in ADD: a file, or the files of a git repository. */
export async function fromAddress(
  run: BuildRun,
  copy: Copy,
  source: string,
  { step, target, position }: CopyContext & { position: number },
): Promise<CopySource> {
  if (copy.kind === "copy") throw invalidArgument("source can't be a URL for COPY");
  const directory = `${run.scratch}/download-${step.number}-${position}`;
  if (isRepository(source)) return fromRepository(run, copy, source, { directory, target });
  if (copy.keepGitDirectory) {
    throw invalidArgument(`keep-git-dir: ${source} is not a git repository`);
  }
  const unpack = copy.unpack ?? false;
  const name = fileNameOf(source);
  const expected = copy.checksum === "" ? undefined : parseDigest(copy.checksum);
  const reach = reachOf(run.request);
  const fetch = () =>
    explained(`ADD ${source}`, () => download(source, { directory, expected, reach, signal: run.signal }));
  // A known digest is enough to search the cache, so the download may be unnecessary.
  const digest = expected ?? (await fetch());
  run.materials.push({ type: "address", url: source, digest });
  return {
    key: ["address", digest, name, unpack],
    async open() {
      if (expected !== undefined) await fetch();
      return [{ tree: { directory }, source: `/${name}`, target, skip: [], unpack }];
    },
  };
}

async function fromRepository(
  run: BuildRun,
  copy: Copy,
  source: string,
  { directory, target }: { directory: string; target: string },
): Promise<CopySource> {
  const repository = parseRepository(source);
  if (copy.checksum !== "") {
    checkCommit(copy.checksum, source);
    repository.commit = copy.checksum;
  }
  const { request, signal } = run;
  const found = await findCommit(repository, {
    request,
    reach: reachOf(request),
    signal,
    home: `${directory}-home`,
  });
  run.materials.push({ type: "git", url: source, commit: found.commit });
  const keepGitDirectory = copy.keepGitDirectory ?? repository.keepGitDirectory ?? false;
  const { directory: inside, submodules } = repository;
  return {
    key: ["git", found.commit, inside, keepGitDirectory, submodules, copy.exclude],
    async open() {
      const files = await checkOut(repository, found, { target: directory, keepGitDirectory });
      using tree = openHostTree(files, { owned: true });
      using listing = await scanTree(tree, compileIgnorePatterns([]));
      const selected = selectSource(listing, "/", copy);
      const destination = target.endsWith("/") ? target : `${target}/`;
      return selected.map((one) => ({
        ...planCopy(copy, { directory: files }, one, destination),
        unpack: false,
      }));
    },
  };
}
