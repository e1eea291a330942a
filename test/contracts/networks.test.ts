import type { NetworksOptions } from "#network/open-networks.ts";
import { openNetworks } from "#network/open-networks.ts";
import { TboxError } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { immediately } from "#test/support/immediately.ts";
import { helperUnavailable } from "#test/support/user.ts";
import { describeNetworkAttachments, describeNetworkCatalog, type NetworksSubject } from "./networks.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openTestStore } from "./support/test-store.ts";

function openWith(zygote: NetworksOptions["zygote"], opened: AsyncDisposableStack): NetworksSubject {
  const uses = openUsageRegister<"network">();
  const events: string[] = [];
  const networks = openNetworks({
    defer: immediately,
    database: memoryDatabase(),
    zygote,
    uses,
    notify: (action, { name }) => events.push(`${action} ${name}`),
    warn: () => {},
  });
  opened.use(networks);
  return {
    networks,
    events,
    use: (key, active) => uses.register({ id: "c1", name: "web" }, [{ kind: "network", key, active }]),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openWithHelper(): Promise<NetworksSubject> {
  await using opened = new AsyncDisposableStack();
  const { zygote } = opened.use(await openTestStore());
  return openWith(zygote, opened.move());
}

describeNetworkCatalog("the catalog of networks without a helper", async () => {
  const zygote = {
    net: () => Promise.reject(new TboxError("unavailable", "no net helper")),
    watchNetworks: () => {},
  };
  return openWith(zygote, new AsyncDisposableStack());
});
describeUnless(helperUnavailable, "with the helper", () => {
  describeNetworkCatalog("the catalog of networks", openWithHelper);
  describeNetworkAttachments("network namespaces", openWithHelper);
});
