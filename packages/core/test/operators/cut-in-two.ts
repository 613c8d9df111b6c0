import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";
import type { Batch } from "../../src/contracts/batch.ts";
import { BatchDecoder, encodeBatch } from "../../src/engine/batch-codec.ts";
import type { Operator, OperatorContext } from "../../src/operators/operator.ts";
import type { KeySpace } from "../../src/operators/state/key-space.ts";

type Role = "combine" | "merge";
type Make = (keys: KeySpace, context: OperatorContext) => Operator;

/**
 * Both sides of an exchange as one operator: two senders take batches in turn, what they combine
 * crosses encoded with each commit, and before a watermark.
 */
export function cutInTwo(make: (role: Role) => Make): Make {
  return (keys, context) => {
    const merge = make("merge")(keys, context);
    let waiting: Batch[] = [];
    const send = (port: number, batch: Batch): void => {
      if (port === 0) waiting.push(traveled(batch, keys));
      else context.emit(port, batch);
    };
    const senders = [make("combine")(keys, { ...context, emit: send }), make("combine")(keys, { ...context, emit: send })];
    let turn = 0;
    const deliver = (): void => {
      for (const sender of senders) sender.flush?.();
      const batches = waiting;
      waiting = [];
      for (const batch of batches) merge.process(0, batch);
    };
    return {
      tables: merge.tables,
      process: (input, batch) => senders[turn++ % 2].process(input, batch),
      advance(watermark) {
        for (const sender of senders) sender.advance(watermark);
        deliver();
        merge.advance(watermark);
      },
      restored(watermark) {
        for (const sender of senders) sender.restored?.(watermark);
        merge.restored?.(watermark);
      },
      flush() {
        deliver();
        merge.flush?.();
      },
    };
  };
}

function traveled(batch: Batch, keys: KeySpace): Batch {
  const writer = new ByteWriter();
  encodeBatch(batch, writer);
  return new BatchDecoder(keys).decode(new ByteReader(writer.take()));
}
