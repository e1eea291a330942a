import { parseReference } from "#oci/reference.ts";
import { openDestination } from "#registry/transfer/open-destination.ts";
import { openRepository } from "#registry/transfer/open-repository.ts";
import { registryUnavailable } from "#test/support/registry.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { describeDestination, describeRepository } from "./repository.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeUnless(registryUnavailable, "with docker-registry", () => {
  describeRepository("a repository", (host) =>
    openRepository(parseReference(`${host}/app`), undefined, plainRegistry),
  );
  describeRepository("a repository behind a mirror", (host) => {
    const mirrors = { [host]: [`http://${host}`] };
    return openRepository(parseReference(`${host}/app`), undefined, { ...plainRegistry, mirrors });
  });
  describeDestination("a destination", (host) =>
    openDestination(parseReference(`${host}/copy`), {
      ...plainRegistry,
      credentials: undefined,
      sources: ["app"],
    }),
  );
});
