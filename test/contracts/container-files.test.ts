import { describeContainerFiles, describeFileRefusals } from "./container-files.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeFileRefusals("file refusals of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeFileRefusals("file refusals of containers", openRealContainers);
  describeContainerFiles("files of containers", openRealContainers);
});
