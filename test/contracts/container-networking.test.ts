import { describeContainerNetworking, describeNetworkingRefusals } from "./container-networking.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeNetworkingRefusals("network refusals of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeNetworkingRefusals("network refusals of containers", openRealContainers);
  describeContainerNetworking("networking of containers", openRealContainers);
});
