import { Alert, Badge, Card, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Connection } from "../wire/events.ts";

interface FrameProps {
  readonly title: string;
  readonly connection: Connection;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** What stands around every panel: its title, and whether what it shows is live. */
export function Frame({ title, connection, aside, children }: FrameProps): ReactNode {
  return (
    <Card withBorder radius="md" padding="md" component="section" aria-label={title} h="100%">
      <Group justify="space-between" mb="sm" wrap="nowrap">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Group gap="xs" wrap="nowrap">
          {aside}
          {connection === "connecting" && (
            <Badge variant="light" color="gray" role="status">
              connecting
            </Badge>
          )}
        </Group>
      </Group>
      {typeof connection === "object" && (
        <Alert color="orange" mb="sm" role="status" p="xs">
          Not live: {connection.lost}. Trying again.
        </Alert>
      )}
      {children}
    </Card>
  );
}
