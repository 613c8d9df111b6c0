import type { Figures as CoreFigures } from "@millrace/core/internal";
import type { MeasuredApp } from "../port.ts";
import type { Figures, Metrics } from "../types.ts";

/** Metrics as they travel: JSON has no Infinity. */
export function metricsOf(measured: MeasuredApp, time: number): Metrics {
  const { atomsIn, bytesIn, atomsOut, late, dead, instances, replaced } = measured;
  return {
    time,
    atomsIn,
    bytesIn,
    atomsOut,
    late,
    dead,
    instances,
    replaced,
    stages: [...measured.stages.values()].map(({ workflow, stage, partitions, scaling, ...figures }) => ({
      workflow,
      stage,
      partitions,
      scaling: { ...scaling, max: Number.isFinite(scaling.max) ? scaling.max : null },
      ...figuresOf(figures),
    })),
    partitions: [...measured.partitions.values()].map(({ workflow, stage, partition, ...figures }) => ({ workflow, stage, partition, ...figuresOf(figures) })),
  };
}

function figuresOf({ watermark, watermarkLag, state, ...same }: CoreFigures): Figures {
  return {
    ...same,
    watermark: watermark === Infinity ? "end" : watermark === -Infinity ? null : watermark,
    watermarkLag: watermarkLag ?? null,
    state: state ?? null,
  };
}
