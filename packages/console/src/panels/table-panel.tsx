import { Button, Group, Table, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { at, matches, withValue, type Row } from "../values/paths.ts";
import { shown } from "../values/shown.ts";
import { written } from "../values/written.ts";
import { useLive } from "../wire/live.ts";
import { deleteRow, putRow, rowsOf } from "../wire/rows.ts";
import type { Action, TablePanel as Panel } from "../wire/types.ts";
import { Frame } from "./frame.tsx";
import { RowForm } from "./row-form.tsx";

/** Rows of a collection, live; where the panel allows it, a person adds, changes and deletes them. */
export function TablePanel({ panel }: { readonly panel: Panel }): ReactNode {
  const { value: rows, connection } = useLive(rowsOf(panel.collection));
  const [edited, setEdited] = useState<{ readonly key: string | undefined; readonly row: Row } | undefined>();
  const [refused, setRefused] = useState<string | undefined>();
  const found = shown(rows, panel);
  const tell = (made: Promise<void>): void => {
    setRefused(undefined);
    made.catch((error: unknown) => setRefused(error instanceof Error ? error.message : String(error)));
  };
  const act = (key: string, row: Row, action: Action): void => {
    const { set, put } = action;
    let changed = row;
    for (const field in set) changed = withValue(changed, field, set[field]);
    if (changed !== row) tell(putRow(panel.collection, key, changed));
    if (put === undefined) return;
    let other: Row = {};
    for (const field of put.fields) other = withValue(other, field, at(row, field));
    tell(putRow(put.collection, undefined, other));
  };
  const buttons = panel.edit || panel.actions.length > 0;
  const add = panel.edit && (
    <Button size="compact-xs" variant="light" onClick={() => setEdited({ key: undefined, row: found[0]?.[1] ?? {} })}>
      Add
    </Button>
  );
  return (
    <Frame title={panel.title} connection={connection} aside={add}>
      {refused !== undefined && (
        <Text c="red" size="sm" role="alert" mb="xs">
          {refused}
        </Text>
      )}
      <Table.ScrollContainer minWidth={300} mah={420}>
        <Table stickyHeader striped highlightOnHover verticalSpacing={4} fz="sm">
          <Table.Thead>
            <Table.Tr>
              {panel.columns.map((column) => (
                <Table.Th key={column.field} scope="col">
                  {column.title}
                </Table.Th>
              ))}
              {buttons && <Table.Th aria-label="actions" />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.map(([key, row]) => (
              <Table.Tr key={key}>
                {panel.columns.map((column) => (
                  <Table.Td key={column.field} style={{ fontVariantNumeric: "tabular-nums" }}>
                    <Cell text={written(row, column)} />
                  </Table.Td>
                ))}
                {buttons && (
                  <Table.Td>
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      {panel.actions.map(
                        (action) =>
                          matches(row, action.when) && (
                            <Button key={action.label} size="compact-xs" variant="light" onClick={() => act(key, row, action)}>
                              {action.label}
                            </Button>
                          ),
                      )}
                      {panel.edit && (
                        <>
                          <Button size="compact-xs" variant="subtle" onClick={() => setEdited({ key, row })}>
                            Change
                          </Button>
                          <Button size="compact-xs" variant="subtle" color="red" onClick={() => tell(deleteRow(panel.collection, key))}>
                            Delete
                          </Button>
                        </>
                      )}
                    </Group>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {found.length === 0 && (
        <Text c="dimmed" size="sm" ta="center" py="md">
          nothing yet
        </Text>
      )}
      {edited !== undefined && (
        <RowForm
          title={edited.key === undefined ? `Add to ${panel.title}` : `Change a row of ${panel.title}`}
          row={edited.row}
          fresh={edited.key === undefined}
          onDone={() => setEdited(undefined)}
          onSave={(row) => putRow(panel.collection, edited.key, row)}
        />
      )}
    </Frame>
  );
}

/** Short values stay on one line, long ones take three at most. */
function Cell({ text }: { readonly text: string }): ReactNode {
  if (text.length <= SHORT) return <span style={{ whiteSpace: "nowrap" }}>{text}</span>;
  return (
    <Text size="sm" lineClamp={3} title={text}>
      {text}
    </Text>
  );
}

const SHORT = 24;
