import { MillraceError, topic as makeTopic, type Topic } from "@millrace/core";
import { topicPage } from "@millrace/core/internal";
import type { DeadLettersPort } from "@millrace/server";
import { replayDeadLetters, replayedOf, topicsWithDeadLetters, type DeadLetter } from "../app/dead-letters.ts";
import { deadTopic } from "../app/graph-names.ts";
import type { Started } from "../start-loaded.ts";

export function servedDeadLetters({ runtime, names, bound }: Started): DeadLettersPort {
  const { store } = runtime;
  const folder = { ledger: store, runtime };
  const find = async (topic: string): Promise<Topic<unknown>> => {
    const found = names.reads.get(topic) ?? names.topics.get(topic);
    if (found !== undefined) return found;
    const dead = await topicsWithDeadLetters(folder);
    if (dead.includes(topic)) return makeTopic(topic, { partitions: (await store.topics()).get(topic) ?? 1 });
    throw new MillraceError("MILLRACE_NOT_FOUND", `dead letters of ${topic}`, `there are none of this name; topics with dead letters are: ${dead.join(", ") || "none"}`);
  };
  return {
    list: async () => {
      const listed = [];
      for (const topic of await topicsWithDeadLetters(folder)) {
        const { start, end } = await store.range(deadTopic(topic), 0);
        listed.push({ topic, letters: end - start, replayed: (await replayedOf(store, topic)).size });
      }
      return listed;
    },
    read: async (topic, from, limit) => {
      await find(topic);
      const { start } = await store.range(deadTopic(topic), 0);
      const atoms = await topicPage(store, { topic: deadTopic(topic), partition: 0, offset: Math.max(start, from) }, limit);
      const replayed = await replayedOf(store, topic);
      return atoms.map(({ offset, value }) => {
        const { topic: _topic, ...letter } = value as DeadLetter;
        return { number: offset, replayed: replayed.has(offset), ...letter };
      });
    },
    replay: async (topic, numbers) => {
      const target = await find(topic);
      if (bound.has(topic)) {
        throw new MillraceError("MILLRACE_USAGE", `topic ${topic}`, "is read from an input, so what is appended would never be read; correct the input, or leave it out of `sources`");
      }
      return replayDeadLetters(folder, target, numbers === undefined ? undefined : new Set(numbers));
    },
  };
}
