import { queryFilters } from "../schema/filters.ts";
import { query, queryTime } from "../schema/query.ts";

export const eventsQuery = query({ since: queryTime, until: queryTime, filters: queryFilters });
