import { Elysia } from "elysia";
import { parseRegistryAuth, registryAuthSchema } from "#api/requests/registry-auth.ts";
import type { Images } from "#images/images.ts";
import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { parseImagePath } from "../requests/image-path.ts";
import { logIn } from "../requests/log-in.ts";

/** What asks registries and changes nothing here. */
export function registryRoutes(images: Images) {
  return new Elysia()
    .post("/auth", ({ body, request: { signal } }) => logIn(images, body, signal), {
      body: registryAuthSchema,
    })
    .get("/distribution/*", async ({ params: { "*": rest }, request }) => {
      const { name } = parseImagePath(rest, ["json"]);
      const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
      const { descriptor, platforms } = await images.lookUp(parseReference(name), {
        signal: request.signal,
        ...(credentials === undefined ? {} : { credentials }),
      });
      return { Descriptor: descriptor, Platforms: platforms };
    })
    .get("/images/search", () => {
      const where = "registries have no search in common, look at https://hub.docker.com/search";
      throw new TboxError("not-implemented", `searching registries is not supported: ${where}`);
    });
}
