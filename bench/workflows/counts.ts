import { count, fields, topic, tumbling, workflow } from "millrace";

export const visits = topic("visits", { schema: fields({ user: "string", at: "timestamp" }) });

export interface UserCount {
  readonly user: string;
  readonly visits: number;
}

export const counts = topic<UserCount>("counts");

/** How often each of very many users came in a day. */
export const visitCounts = workflow("visit-counts", (flow) =>
  flow
    .from(visits, { time: (visit) => visit.at })
    .keyBy((visit) => visit.user)
    .window(tumbling("1d"))
    .aggregate({ visits: count() })
    .map((row) => ({ user: row.key, visits: row.visits }))
    .to(counts),
);
