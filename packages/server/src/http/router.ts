import type { Method, Route } from "./route.ts";

/** A route that fits, with the texts of its segments; or the methods that the path has instead. */
export type Match =
  | { readonly kind: "found"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: "method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

interface Branch {
  readonly fixed: Map<string, Branch>;
  /** The branch of any one segment. */
  any: Branch | undefined;
  readonly routes: Map<Method, { readonly route: Route; readonly names: readonly string[] }>;
}

/** Finds routes by their segments: a fixed segment is preferred to one that stands for any. */
export class Router {
  readonly #root: Branch = newBranch();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  /** `segments` are those of the path, decoded. */
  match(method: string, segments: readonly string[]): Match {
    const values: string[] = [];
    const branch = find(this.#root, segments, 0, values);
    if (branch === undefined) return { kind: "none" };
    const found = branch.routes.get((method === "HEAD" ? "GET" : method) as Method);
    if (found === undefined) return { kind: "method", allowed: [...branch.routes.keys()].flatMap((one) => (one === "GET" ? [one, "HEAD"] : [one])) };
    return { kind: "found", route: found.route, params: Object.fromEntries(found.names.map((name, i) => [name, values[i] ?? ""])) };
  }

  #add(route: Route): void {
    const names: string[] = [];
    let branch = this.#root;
    for (const segment of route.path.split("/").slice(1)) {
      if (segment.startsWith("{")) {
        names.push(segment.slice(1, -1));
        branch = branch.any ??= newBranch();
      } else {
        let next = branch.fixed.get(segment);
        if (next === undefined) branch.fixed.set(segment, (next = newBranch()));
        branch = next;
      }
    }
    branch.routes.set(route.method, { route, names });
  }
}

function newBranch(): Branch {
  return { fixed: new Map(), any: undefined, routes: new Map() };
}

function find(branch: Branch, segments: readonly string[], at: number, values: string[]): Branch | undefined {
  if (at === segments.length) return branch.routes.size > 0 ? branch : undefined;
  const segment = segments[at];
  const fixed = branch.fixed.get(segment);
  if (fixed !== undefined) {
    const found = find(fixed, segments, at + 1, values);
    if (found !== undefined) return found;
  }
  if (branch.any === undefined || segment === "") return undefined;
  values.push(segment);
  const found = find(branch.any, segments, at + 1, values);
  if (found === undefined) values.pop();
  return found;
}
