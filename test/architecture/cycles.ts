/** Groups of nodes that reach one another along the edges of a graph; none when there is no circle. */
export function circlesOf(edges: ReadonlyMap<string, Iterable<string>>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];

  function visit(node: string): void {
    const index = order.size;
    order.set(node, index);
    lowest.set(node, index);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(node, Math.min(low(node), low(next)));
    }
    if (low(node) !== index) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group.toSorted());
  }

  function low(node: string): number {
    return lowest.get(node) ?? Number.POSITIVE_INFINITY;
  }

  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}
