import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { BuildLine } from "#api/answers/builds.ts";
import { request } from "#client/api.ts";
import { unpackArchive } from "../../archives/unpack-archive.ts";
import { writeArchive } from "../../archives/write-archive.ts";
import { ExitError } from "../../output/exit.ts";
import type { Output, OutputPlace } from "./output.ts";

/** The outputs that the command receives while the build goes on. */
export interface Receipt {
  /** Aborts when an output cannot be received; the build must end then. */
  signal: AbortSignal;
  begin(output: BuildLine & { type: "ready" }): void;
  /** Resolves when all outputs have ended; returns the first failure. */
  end(): Promise<unknown>;
}

/** Opens the receipt of the outputs of a build. */
export function openReceipt(outputs: Output[]): Receipt {
  const places = outputs.flatMap(({ requested, place }) => (requested ? [place] : []));
  const stop = new AbortController();
  const received: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;
  return {
    signal: stop.signal,
    begin({ index, token }) {
      // The daemon's first output is the image in the store.
      const place = places[index - 1];
      if (place === undefined)
        throw new ExitError(`the daemon sent the output ${index}, which was not requested`, 1);
      let asked = false;
      const fetchOutput = () => {
        asked = true;
        return request("GET", "/tbox/outputs", { query: { token } });
      };
      const receiving = receive(place, fetchOutput).catch((error) => {
        failure ??= { error };
        // The daemon notices a transfer that ends early, but not one that never begins.
        if (!asked) stop.abort(error);
      });
      received.push(receiving);
    },
    async end() {
      await Promise.all(received);
      return failure?.error;
    },
  };
}

async function receive({ type, path }: OutputPlace, fetchOutput: () => Promise<Response>): Promise<void> {
  if (type === "file") return writeArchive(path === "-" ? undefined : path, fetchOutput);
  const target = resolve(path);
  await mkdir(target, { recursive: true });
  const { body } = await fetchOutput();
  return unpackArchive(body ?? new Blob().stream(), { source: "/.", target, bare: true });
}
