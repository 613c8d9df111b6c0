import type { Workflow } from "@millrace/core";
import type { Host, SourceBinding } from "@millrace/core/internal";
import { workerHost, type SourceModule } from "@millrace/drivers/workers";
import type { WorkflowModule } from "../modules.ts";
import type { BoundInput } from "./inputs.ts";

/** All that is bound, as the engine takes it. */
export function bindingsOf(inputs: ReadonlyMap<string, BoundInput>): Readonly<Record<string, SourceBinding>> {
  return Object.fromEntries([...inputs].map(([topic, { binding }]) => [topic, binding]));
}

/** Worker threads for more than one instance of workflows that can be imported there; else undefined: this thread. */
export function hostFor(
  instances: number,
  workflows: readonly Workflow[],
  modules: readonly WorkflowModule[],
  inputs: ReadonlyMap<string, BoundInput>,
): Host | undefined {
  if (instances === 1 || modules.length < workflows.length) return undefined;
  const sources: Record<string, SourceModule> = {};
  for (const [topic, { inWorkers }] of inputs) if (inWorkers !== undefined) sources[topic] = inWorkers;
  const byUrl = Map.groupBy(modules, ({ url }) => url);
  return workerHost({ modules: [...byUrl].map(([url, found]) => ({ url, exports: found.map(({ name }) => name) })), sources });
}
