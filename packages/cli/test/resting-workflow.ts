import { collection, fields, topic, workflow } from "millrace";

export const visits = topic("visits", { schema: fields({ page: "string" }) });
export const pages = collection<{ page: string; visits: number }>("pages", { key: (row) => row.page });

export const visited = workflow("visited", (flow) =>
  flow
    .from(visits)
    .map((visit) => ({ page: visit.page, visits: 1 }))
    .keyBy((row) => row.page)
    .reduce((a, b) => ({ page: a.page, visits: a.visits + b.visits }))
    .to(pages),
);
