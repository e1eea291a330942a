import { openEventLog } from "#engine/events.ts";
import { describeEventLog } from "./event-log.ts";

describeEventLog("the event log in memory", openEventLog);
