import { Elysia } from "elysia";
import type { Engine } from "#engine/engine.ts";
import { noContent } from "./answers.ts";

/** What only tbox has. `POST /tbox/run` is not here: it takes the connection over. */
export function tboxRoutes(engine: Engine, shutdown: () => void) {
  return new Elysia()
    .get("/tbox/doctor", async () => ({ checks: await engine.diagnose() }))
    .post("/tbox/shutdown", () => {
      // The answer is on its way before connections are closed.
      setImmediate(shutdown);
      return noContent();
    });
}
