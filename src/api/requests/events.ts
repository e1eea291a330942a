import { queryFilters } from "../schema/filters.ts";
import { query, queryTime } from "../schema/query.ts";

/** Query of `GET /events`. */
export const eventsQuery = query({ since: queryTime, until: queryTime, filters: queryFilters });
