import { describeContainerFilters, describeContainerQueries } from "./container-queries.ts";
import {
  containersUnavailable,
  openFakeContainers,
  openRealContainers,
} from "./support/containers-subject.ts";
import { describeUnless } from "./support/describe-unless.ts";

describeContainerQueries("lookups of fake containers", openFakeContainers);
describeUnless(containersUnavailable, "with the program", () => {
  describeContainerQueries("lookups of containers", openRealContainers);
  describeContainerFilters("filters of containers", openRealContainers);
});
