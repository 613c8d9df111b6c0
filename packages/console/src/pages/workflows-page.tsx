import { Badge, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { figure, time } from "../values/written.ts";
import { useAsked } from "../wire/asked.ts";
import { useLive } from "../wire/live.ts";
import { metricsNow } from "../wire/metrics.ts";
import type { StageFigures, WorkflowList, WorkflowSummary } from "../wire/types.ts";

/** What runs: every workflow with its stages and what is measured of them now. */
export function WorkflowsPage(): ReactNode {
  const asked = useAsked<WorkflowList>("workflows");
  const { value: metrics } = useLive(metricsNow);
  return (
    <>
      <Title order={2} size="h3" mb="md">
        Workflows
      </Title>
      <Stack>
        {(asked.value?.items ?? []).map((workflow) => (
          <WorkflowCard key={workflow.name} workflow={workflow} stages={metrics?.stages.filter((stage) => stage.workflow === workflow.name) ?? []} />
        ))}
      </Stack>
    </>
  );
}

function WorkflowCard({ workflow, stages }: { readonly workflow: WorkflowSummary; readonly stages: readonly StageFigures[] }): ReactNode {
  const { topics, collections, sinks } = workflow.writes;
  return (
    <Card withBorder component="section" aria-label={workflow.name}>
      <Group justify="space-between">
        <Title order={3} size="h5">
          {workflow.name}
        </Title>
        <Text size="sm" c="dimmed">
          {workflow.reads.join(", ")} → {[...topics, ...collections, ...sinks].join(", ")}
        </Text>
      </Group>
      <Table.ScrollContainer minWidth={800}>
        <Table fz="sm" verticalSpacing={4} style={{ fontVariantNumeric: "tabular-nums" }}>
          <Table.Thead>
            <Table.Tr>
              {COLUMNS.map(({ title }) => (
                <Table.Th key={title} scope="col">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {stages.map((stage) => (
              <Table.Tr key={stage.stage}>
                {COLUMNS.map(({ title, of }) => (
                  <Table.Td key={title}>{of(stage)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

const COLUMNS: readonly { readonly title: string; readonly of: (stage: StageFigures) => ReactNode }[] = [
  { title: "stage", of: ({ stage }) => stage },
  { title: "instances", of: ({ instances }) => <Badge variant="light">{instances}</Badge> },
  { title: "partitions", of: ({ partitions }) => partitions },
  { title: "atoms/s", of: ({ rate }) => figure(rate) },
  { title: "atoms in", of: ({ atomsIn }) => atomsIn.toLocaleString() },
  { title: "waiting", of: ({ backlog }) => backlog.atoms.toLocaleString() },
  { title: "latency p50, p99 (ms)", of: ({ latency }) => (latency.count === 0 ? "" : `${figure(latency.p50)}, ${figure(latency.p99)}`) },
  { title: "event time", of: ({ watermark }) => (watermark === null ? "" : watermark === "end" ? "end" : time(watermark)) },
  { title: "late", of: ({ late }) => late.toLocaleString() },
  { title: "dead", of: ({ dead }) => dead.toLocaleString() },
  { title: "retries", of: ({ retries }) => retries.toLocaleString() },
  { title: "state (MB)", of: ({ state }) => (state === null ? "" : figure(state.bytes / 1e6)) },
];
