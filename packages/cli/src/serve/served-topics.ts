import { MillraceError, type Topic } from "@millrace/core";
import { topicPage, type TopicRange } from "@millrace/core/internal";
import type { TopicsPort } from "@millrace/server";
import { deadTopic } from "../app/graph-names.ts";
import type { Started } from "../start-loaded.ts";

export function servedTopics({ runtime, names, bound }: Started): TopicsPort {
  const { store } = runtime;
  const declared = new Map<string, Topic<unknown>>([...names.topics, ...names.reads]);
  const workflows = runtime.plans.map(({ workflow }) => workflow);
  const readers = (topic: string): string[] => workflows.filter(({ nodes }) => nodes.some(({ spec }) => spec.kind === "source" && spec.topic.name === topic)).map(({ name }) => name);
  const writers = (topic: string): string[] =>
    workflows.filter(({ nodes }) => nodes.some(({ spec }) => spec.kind === "sink" && spec.target.kind === "topic" && spec.target.name === topic)).map(({ name }) => name);

  const state: TopicsPort["state"] = async (topic) => {
    const partitions: ({ readonly partition: number } & Pick<TopicRange, "start" | "end">)[] = [];
    for (let partition = 0; partition < partitionsOf(topic); partition++) {
      const { start, end } = await store.range(topic, partition);
      partitions.push({ partition, start, end });
    }
    return { name: topic, appendable: declared.has(topic) && !bound.has(topic), readBy: readers(topic), writtenBy: writers(topic), partitions };
  };

  /** Throws where there is no such topic, neither declared nor of the dead letters of one that is. */
  const partitionsOf = (topic: string): number => {
    const found = declared.get(topic);
    if (found !== undefined) return found.partitions;
    if ([...declared.keys()].some((name) => deadTopic(name) === topic)) return 1;
    throw new MillraceError("MILLRACE_NOT_FOUND", `topic ${topic}`, `no workflow reads or writes it; there are: ${[...declared.keys()].sort().join(", ")}`);
  };

  return {
    state,
    list: async () => {
      const stored = await store.topics();
      const dead = [...declared.keys()].map(deadTopic).filter((name) => stored.has(name));
      return Promise.all([...new Set([...declared.keys(), ...dead])].sort().map(state));
    },
    appendable: (topic) => {
      partitionsOf(topic);
      const found = declared.get(topic);
      if (found === undefined) throw new MillraceError("MILLRACE_USAGE", `topic ${topic}`, "holds dead letters, which only Millrace appends");
      if (bound.has(topic)) throw new MillraceError("MILLRACE_USAGE", `topic ${topic}`, "is read from an input, so what is appended would never be read; leave it out of `sources`");
      return found;
    },
    isBehind: (topic) => runtime.isBehind(topic),
    append: (request) => runtime.request(request),
    read: async (topic, partition, offset, limit) => {
      if (partition >= partitionsOf(topic)) throw new MillraceError("MILLRACE_NOT_FOUND", `topic ${topic}`, `has no partition ${partition}, only ${partitionsOf(topic)}`);
      return (await topicPage(store, { topic, partition, offset }, limit)).map((atom) => ({ partition, ...atom }));
    },
    onGrowth: (topic, callback) => runtime.onGrowth(topic, callback),
  };
}
