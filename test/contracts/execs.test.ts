import { describeExecRefusals, describeExecs } from "./execs.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeExecRefusals("exec refusals of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeExecRefusals("exec refusals of containers", openRealContainers);
  describeExecs("execs of containers", openRealContainers);
});
