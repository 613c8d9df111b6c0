export { fileSource } from "./file-source.ts";
export type { FileSourceOptions } from "./file-source.ts";
export type { Compression, RecordOptions } from "./read-options.ts";
export { createCsvWriter, createNdjsonWriter } from "./row-writer.ts";
export type { CsvWriterOptions, RowWriter, WriterOptions } from "./row-writer.ts";
export { bucketSource } from "./bucket-source.ts";
export type { BucketSourceOptions } from "./bucket-source.ts";
export { fileBucket } from "./file-bucket.ts";
