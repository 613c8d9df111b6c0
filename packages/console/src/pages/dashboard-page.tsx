import { Alert, Grid, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { LinesPanel } from "../panels/lines-panel.tsx";
import { MapPanel } from "../panels/map-panel.tsx";
import { MetricsPanel } from "../panels/metrics-panel.tsx";
import { TablePanel } from "../panels/table-panel.tsx";
import type { Dashboard, Panel } from "../wire/types.ts";

/** The panels of a dashboard, in their order. */
export function DashboardPage({ name, dashboards }: { readonly name: string; readonly dashboards: readonly Dashboard[] }): ReactNode {
  const found = dashboards.find((dashboard) => dashboard.name === name);
  if (found === undefined) return <Alert color="orange">There is no dashboard {name}.</Alert>;
  return (
    <>
      <Title order={2} size="h3" mb="md">
        {found.title}
      </Title>
      <Grid>
        {found.panels.map((panel) => (
          <Grid.Col key={`${panel.kind} ${panel.title}`} span={{ base: 12, md: panel.span }}>
            <PanelOf panel={panel} />
          </Grid.Col>
        ))}
      </Grid>
    </>
  );
}

function PanelOf({ panel }: { readonly panel: Panel }): ReactNode {
  switch (panel.kind) {
    case "table":
      return <TablePanel panel={panel} />;
    case "map":
      return <MapPanel panel={panel} />;
    case "lines":
      return <LinesPanel panel={panel} />;
    case "metrics":
      return <MetricsPanel panel={panel} />;
  }
}
