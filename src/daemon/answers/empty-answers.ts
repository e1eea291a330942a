/** 204, or 304 when there was nothing to do. */
export function noContent(outcome: "done" | "unchanged" = "done"): Response {
  return new Response(null, { status: outcome === "done" ? 204 : 304 });
}

export function created(body: unknown): Response {
  return Response.json(body, { status: 201 });
}

/** 200 without a body. */
export function empty(): Response {
  return new Response(null);
}
