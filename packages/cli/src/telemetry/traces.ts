import { context, propagation, SpanKind, SpanStatusCode, trace, type Span as OtelSpan } from "@opentelemetry/api";
import type { Commit, CommitResult, Ledger, Topics } from "@millrace/core/internal";
import type { Span, Tracer } from "@millrace/server";
import { version } from "../version.ts";

const NAME = "millrace";

/**
 * Requests as spans of the OpenTelemetry API, under the span that their headers name. Without an SDK,
 * which whoever runs Millrace registers (`node --import ./tracing.mjs`), they cost next to nothing and go nowhere.
 */
export function requestTracer(): Tracer {
  const tracer = trace.getTracer(NAME, version());
  return {
    request: (name, headers) => spanOf(tracer.startSpan(name, { kind: SpanKind.SERVER }, propagation.extract(context.active(), headers))),
  };
}

/** A ledger whose commits of steps become spans: each from when the step began until it was durable. */
export function traceSteps(ledger: Ledger & Topics): Ledger & Topics {
  const tracer = trace.getTracer(NAME, version());
  const commit = async (made: Commit): Promise<CommitResult> => {
    const { measured, partition, version: step } = made;
    if (measured === undefined) return ledger.commit(made);
    const attributes = { "millrace.partition": partition, "millrace.version": step, "millrace.atoms_in": measured.atomsIn, "millrace.atoms_out": measured.atomsOut, "millrace.late": measured.late, "millrace.dead": measured.dead };
    const span = tracer.startSpan("step", { attributes, startTime: Date.now() - measured.busy });
    try {
      const result = await ledger.commit(made);
      span.setAttribute("millrace.outcome", result.outcome);
      return result;
    } catch (error) {
      spanOf(span).fail(error);
      throw error;
    } finally {
      span.end();
    }
  };
  return { ...ledger, commit };
}

function spanOf(span: OtelSpan): Span {
  return {
    set: (attribute, value) => void span.setAttribute(attribute, value),
    fail: (error) => {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}
