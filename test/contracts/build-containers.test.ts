import { describeBuildContainers } from "./build-containers.ts";
import { containersUnavailable, openRealContainers } from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeUnless(containersUnavailable, "with the program", () => {
  describeBuildContainers("build steps of containers", openRealContainers);
});
