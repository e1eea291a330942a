import { fakeEngine } from "#test/api/support/fake-engine.ts";
import { describeBuilder, describeFinishedBuild } from "./builder.ts";
import { containersUnavailable, openRealContainers } from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeFinishedBuild("the fake builder", async () => fakeEngine());
describeUnless(containersUnavailable, "with the program", () => {
  describeFinishedBuild("the builder", async () => {
    const { engine, ...subject } = await openRealContainers();
    return { ...subject, builder: engine.builder };
  });
  describeBuilder("the builder of a store", openRealContainers);
});
