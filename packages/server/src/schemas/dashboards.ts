import { z } from "zod";

/** A page that is declared beside its workflows; its panels are those of `millrace/dashboards`. */
export const dashboard = z.object({
  kind: z.literal("dashboard"),
  name: z.string(),
  title: z.string(),
  panels: z.array(z.looseObject({ kind: z.string(), title: z.string(), span: z.number() })),
});

export const dashboardList = z.object({ items: z.array(dashboard) });
