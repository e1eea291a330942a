import { fetchLines } from "#client/endpoints.ts";
import { writeStandardError } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { type DockerfileText, excerpt } from "./excerpt.ts";
import { type PreparedBuild, requestBody } from "./request.ts";

/** Prints the inputs or the targets of a Dockerfile. Returns the exit status. */
export async function describeDockerfile(prepared: PreparedBuild, format: "text" | "json"): Promise<number> {
  let dockerfile: DockerfileText | undefined;
  for await (const line of fetchLines("POST /tbox/build", { body: requestBody(prepared) })) {
    switch (line.type) {
      case "dockerfile":
        dockerfile = line;
        break;
      case "described":
        await print(format === "json" ? `${JSON.stringify(line.json, undefined, 2)}\n` : line.text);
        return 0;
      case "failed":
        await writeStandardError(excerpt(dockerfile, line.lines));
        throw new ExitError(line.message, 1);
    }
  }
  throw new ExitError("the daemon ended without an answer", 1);
}
