import assert from "node:assert/strict";
import { test } from "node:test";
import { list, map, output, sliding, topic, value, workflow, type Stream } from "../../src/index.ts";

interface Reading {
  readonly device: string;
  readonly room: string;
  readonly degrees: number;
}

const readings = topic<Reading>("readings");

test("types of state, results and sides follow from what process declares", () => {
  const built = workflow("typed", (flow) => {
    const spikes = flow
      .from(readings)
      .keyBy((r) => r.device)
      .process({
        state: { last: value<number>(), total: value({ initial: 0 }), seen: list<string>({ ttl: "1h" }), byRoom: map<string, number>() },
        out: output<{ device: string; jump: number }>(),
        sides: { alerts: output<string>() },
        onElement(reading, { state, key, time, timers, emit, side }) {
          const device: string = key;
          const last: number | undefined = state.last.get();
          const total: number = state.total.get();
          state.byRoom.set(reading.room, (state.byRoom.get(reading.room) ?? 0) + total);
          state.seen.add(reading.room);
          timers.register(time + 1000);
          if (last !== undefined) emit({ device, jump: reading.degrees - last });
          // @ts-expect-error a value of another type
          state.last.set("warm");
          // @ts-expect-error no such side output
          side("warnings", device);
          // @ts-expect-error a side output of another type
          side("alerts", 1);
        },
        onTimer(time, { state, emit, domain }) {
          const kind: "event" | "processing" = domain;
          // @ts-expect-error results of another type
          emit({ device: kind, jump: `${time}` });
          state.last.delete();
        },
      });
    const jumps: Stream<{ device: string; jump: number }> = spikes;
    const alerts: Stream<string> = spikes.side("alerts");
    jumps.to(topic<{ device: string; jump: number }>("jumps"));
    alerts.to(topic<string>("alerts"));
    // @ts-expect-error no such side output
    assert.throws(() => spikes.side("warnings"), { code: "MILLRACE_GRAPH" });

    flow.from(readings).keyBy((r) => r.device).process({
      onElement(_reading, { emit }) {
        // @ts-expect-error what is emitted needs a declared type
        emit(1);
      },
    });
    const warmest: Stream<Reading, "upsert"> = flow.from(readings).keyBy((r) => r.device).reduce((a, b) => (a.degrees >= b.degrees ? a : b));
    const perHour = flow.from(readings).keyBy((r) => r.device).window(sliding("1h", "15m")).reduce((a, b) => (a.degrees >= b.degrees ? a : b));
    perHour.filter((row) => row.value.degrees > 10 && row.key.length > 0 && row.window.start > 0);
    warmest.map((r) => r.room);
  });
  assert.deepEqual(built.nodes.filter(({ spec }) => spec.kind === "process").map(({ id }) => id), ["process-1", "process-2"]);
});
