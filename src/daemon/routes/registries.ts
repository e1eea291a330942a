import { Elysia } from "elysia";
import type { DistributionAnswer } from "#api/answers/images.ts";
import type { LoginAnswer } from "#api/answers/system.ts";
import { parseRegistryAuth, registryAuthSchema } from "#api/requests/registry-auth.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { parseImagePath } from "../requests/image-path.ts";
import { parseLogin } from "../requests/log-in.ts";

/** Requests that query registries and change nothing in the store. */
export function registryRoutes(images: ImageTransfer) {
  return new Elysia()
    .post(
      "/auth",
      async ({ body, request: { signal } }): Promise<LoginAnswer> => {
        const { domain, credentials } = parseLogin(body);
        await images.logIn(domain, credentials, signal);
        return { Status: "Login Succeeded", IdentityToken: "" };
      },
      { body: registryAuthSchema },
    )
    .get("/distribution/*", async ({ params: { "*": rest }, request }): Promise<DistributionAnswer> => {
      const { name } = parseImagePath(rest, ["json"]);
      const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
      const { descriptor, platforms } = await images.inspectRemote(parseReference(name), {
        signal: request.signal,
        ...(credentials === undefined ? {} : { credentials }),
      });
      return { Descriptor: descriptor, Platforms: platforms };
    })
    .get("/images/search", () => {
      const remedy = "registries have no search in common, look at https://hub.docker.com/search";
      throw new TboxError("not-implemented", `searching registries is not supported: ${remedy}`);
    });
}
