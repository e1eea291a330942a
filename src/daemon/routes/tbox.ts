import { Elysia } from "elysia";
import type { CheckLineAnswer } from "#api/answers/builds.ts";
import type { DoctorAnswer, ReleaseAnswer, ShutdownAnswer } from "#api/answers/system.ts";
import { checkStoreQuery } from "#api/requests/images.ts";
import type { Engine } from "#engine/engine.ts";
import type { CheckLine, CheckOptions } from "#images/upkeep/image-maintenance.ts";
import { shapeFailure } from "../answers/images/progress.ts";
import { streamLines } from "../http/json-lines.ts";
import { parseCheck } from "../requests/check-store.ts";

export interface TboxOptions {
  /** Ends the daemon. */
  shutdown: () => void;
  /** Whether systemd holds the listening socket and starts another daemon for the next connection. */
  passed: boolean;
}

/** Requests that only tbox has. `POST /tbox/run` is not here, because that request takes its connection over. */
export function tboxRoutes(engine: Engine, { shutdown, passed }: TboxOptions) {
  return new Elysia()
    .get("/tbox/doctor", async (): Promise<DoctorAnswer> => ({ checks: await engine.diagnose() }))
    .get("/tbox/release", async ({ request }): Promise<ReleaseAnswer> => {
      const latest = await engine.latestRelease(request.signal);
      return latest === undefined ? {} : { latest };
    })
    .post(
      "/tbox/check",
      ({ query: { repair = false }, request }) =>
        streamLines(checkEverything(engine, parseCheck(repair, request)), {
          shape: (line): CheckLineAnswer => line,
          failure: shapeFailure,
        }),
      { query: checkStoreQuery, parse: "none" },
    )
    .post("/tbox/shutdown", (): ShutdownAnswer => {
      // The answer is sent before the connections are closed.
      setImmediate(shutdown);
      return { Pid: process.pid, Systemd: passed };
    });
}

/** Verifies the cached sizes of containers, and then everything of the images. */
async function* checkEverything(
  { containers, images }: Engine,
  options: CheckOptions,
): AsyncGenerator<CheckLine, void, void> {
  for (const size of await containers.admin.checkSizes()) yield { size };
  yield* images.check(options);
}
