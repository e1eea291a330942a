import { describeContainerLifecycle } from "./container-lifecycle.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeContainerLifecycle("the lifecycle of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeContainerLifecycle("the lifecycle of containers", openRealContainers);
});
