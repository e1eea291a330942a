import { describeContainerLogs, describeContainerStreams } from "./container-streams.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeContainerStreams("the streams of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeContainerStreams("the streams of containers", openRealContainers);
  describeContainerLogs("the logs of containers", openRealContainers);
});
