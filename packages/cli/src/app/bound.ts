import type { Workflow } from "@millrace/core";
import type { Host, SourceBinding } from "@millrace/core/internal";
import { workerHost, type SourceModule } from "@millrace/drivers/workers";
import type { WorkflowModule } from "../modules.ts";
import type { BoundInput } from "./inputs.ts";
import type { CheckedLimits } from "./instance-limits.ts";

/** All that is bound, as the engine takes it. */
export function bindingsOf(inputs: ReadonlyMap<string, BoundInput>): Readonly<Record<string, SourceBinding>> {
  return Object.fromEntries([...inputs].map(([topic, { binding }]) => [topic, binding]));
}

/** Worker threads for workflows that can be imported there, with what each may take; undefined, this thread, where nobody asked for them or they cannot. */
export function hostFor(
  workers: CheckedLimits["workers"] | undefined,
  workflows: readonly Workflow[],
  modules: readonly WorkflowModule[],
  inputs: ReadonlyMap<string, BoundInput>,
): Host | undefined {
  if (workers === undefined || modules.length < workflows.length) return undefined;
  const sources: Record<string, SourceModule> = {};
  for (const [topic, { inWorkers }] of inputs) if (inWorkers !== undefined) sources[topic] = inWorkers;
  const byUrl = Map.groupBy(modules, ({ url }) => url);
  return workerHost({ modules: [...byUrl].map(([url, found]) => ({ url, exports: found.map(({ name }) => name) })), sources, ...workers });
}
