import { queryFilters } from "./filters.ts";
import { query, queryTime } from "./query.ts";

export const eventsQuery = query({ since: queryTime, until: queryTime, filters: queryFilters });
