import { openUsageRegister } from "#support/usage-register.ts";
import { describeUsageRegister } from "./usage-register.ts";

describeUsageRegister("the usage register in memory", openUsageRegister);
