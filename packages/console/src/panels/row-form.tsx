import { Alert, Button, Checkbox, Group, Modal, NumberInput, Stack, Textarea, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Row } from "../values/paths.ts";

interface RowFormProps {
  readonly title: string;
  /** What is changed; of a fresh row, one that shows which fields there are. */
  readonly row: Row;
  readonly fresh: boolean;
  readonly onDone: () => void;
  readonly onSave: (row: Row) => Promise<void>;
}

/** Fields of a row to fill in, each by the kind of its value; what the server refuses is told in its words. */
export function RowForm({ title, row, fresh, onDone, onSave }: RowFormProps): ReactNode {
  const [values, setValues] = useState<Record<string, unknown>>(() => (fresh ? emptied(row) : { ...row }));
  const [refused, setRefused] = useState<string | undefined>();
  const [saving, setSaving] = useState(false);
  const set = (field: string, value: unknown): void => setValues((before) => ({ ...before, [field]: value }));
  const save = async (): Promise<void> => {
    setSaving(true);
    try {
      await onSave(parsed(values));
      onDone();
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    } finally {
      setSaving(false);
    }
  };
  return (
    <Modal opened onClose={onDone} title={title} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack gap="sm">
          {Object.entries(values).map(([field, value]) => (
            <Field key={field} field={field} value={value} onChange={(changed) => set(field, changed)} />
          ))}
          {refused !== undefined && (
            <Alert color="red" role="alert">
              {refused}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDone}>
              Cancel
            </Button>
            <Button type="submit" loading={saving}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Field({ field, value, onChange }: { readonly field: string; readonly value: unknown; readonly onChange: (value: unknown) => void }): ReactNode {
  if (typeof value === "number") return <NumberInput label={field} value={value} onChange={(changed) => onChange(changed)} />;
  if (typeof value === "boolean") return <Checkbox label={field} checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />;
  if (typeof value === "object" && value !== null) {
    return <Textarea label={`${field} (JSON)`} autosize defaultValue={JSON.stringify(value)} onChange={(event) => onChange(new Json(event.currentTarget.value))} />;
  }
  return <TextInput label={field} value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.currentTarget.value)} />;
}

/** What a person wrote for a field that is an object or a list; read when it is saved. */
class Json {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function parsed(values: Record<string, unknown>): Row {
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [field, value instanceof Json ? (JSON.parse(value.text) as unknown) : value]));
}

function emptied(row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([field, value]) => [field, typeof value === "string" ? "" : value]));
}
