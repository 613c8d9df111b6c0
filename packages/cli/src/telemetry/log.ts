import type { Log } from "@millrace/server";
import { destination, pino } from "pino";
import type { LogLevel } from "../commands/options.ts";

/** Structured lines of JSON on standard error, by pino: `{"level":"info","time":…,"msg":"request","operation":…}`. */
export function jsonLog(level: LogLevel): Log {
  const logger = pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { level: (label) => ({ level: label }) }, serializers: { error: pino.stdSerializers.err } },
    destination({ fd: 2, sync: true }),
  );
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
