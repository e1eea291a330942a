import { describeContainerAdministration, describeUsageQueries } from "./container-administration.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeUsageQueries("usage of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeUsageQueries("usage of containers", openRealContainers);
  describeContainerAdministration("administration of containers", openRealContainers);
});
