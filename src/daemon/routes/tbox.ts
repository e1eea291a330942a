import { Elysia } from "elysia";
import { checkStoreQuery } from "#api/requests/images.ts";
import type { Engine } from "#engine/engine.ts";
import { noContent } from "../answers/empty-answers.ts";
import { describeError } from "../answers/error-response.ts";
import { streamedLines } from "../http/streamed.ts";
import { checkStore } from "../requests/check-store.ts";

const tell = (error: unknown) => describeError(error).message;

/** What only tbox has. `POST /tbox/run` is not here: it takes the connection over. */
export function tboxRoutes(engine: Engine, { shutdown, passed }: { shutdown: () => void; passed: boolean }) {
  return new Elysia()
    .get("/tbox/doctor", async () => ({ checks: await engine.diagnose() }))
    .post(
      "/tbox/check",
      ({ query: { repair = false }, request }) =>
        streamedLines(checkStore(engine.images, repair, request), (line) => line, tell),
      { query: checkStoreQuery, parse: "none" },
    )
    .post("/tbox/shutdown", () => {
      // The answer is on its way before connections are closed.
      setImmediate(shutdown);
      // To ask again whether it has ended would start another one where systemd listens.
      return passed ? { Pid: process.pid } : noContent();
    });
}
