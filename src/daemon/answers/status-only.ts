/** Returns 204, or 304 when there was nothing to do. */
export function noContent(outcome: "done" | "unchanged" = "done"): Response {
  return new Response(null, { status: outcome === "done" ? 204 : 304 });
}

/** Returns 201 with a JSON body. */
export function created<Answer>(body: Answer): Response {
  return Response.json(body, { status: 201 });
}

/** Returns 200 without a body. */
export function empty(): Response {
  return new Response(null);
}
