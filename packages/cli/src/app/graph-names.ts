import type { AnyCollection, Topic, Workflow } from "@millrace/core";

/** What workflows read and write, by name. */
export interface GraphNames {
  readonly reads: ReadonlyMap<string, Topic<unknown>>;
  readonly topics: ReadonlyMap<string, Topic<unknown>>;
  readonly collections: ReadonlyMap<string, AnyCollection>;
}

/** `edited` are collections that people edit, beside those of the workflows. */
export function namesOf(workflows: readonly Workflow[], edited: readonly AnyCollection[] = []): GraphNames {
  const reads = new Map<string, Topic<unknown>>();
  const topics = new Map<string, Topic<unknown>>();
  const collections = new Map<string, AnyCollection>(edited.map((one) => [one.name, one]));
  for (const { nodes } of workflows) {
    for (const { spec } of nodes) {
      if (spec.kind === "source") {
        if (spec.collection === undefined) reads.set(spec.topic.name, spec.topic);
        else collections.set(spec.collection.name, spec.collection);
      }
      if (spec.kind !== "sink") continue;
      if (spec.target.kind === "topic") topics.set(spec.target.name, spec.target);
      else if (spec.target.kind === "collection") collections.set(spec.target.name, spec.target);
    }
  }
  return { reads, topics, collections };
}

/** The topic of a topic's dead letters. */
export function deadTopic(topic: string): string {
  return topic + DEAD;
}

/** The topic whose dead letters a topic holds; undefined where it holds none. */
export function topicOfDead(name: string): string | undefined {
  return name.endsWith(DEAD) ? name.slice(0, -DEAD.length) : undefined;
}

const DEAD = ".dead";
