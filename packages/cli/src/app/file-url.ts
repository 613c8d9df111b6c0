/** A URL of a file, such as `new URL("./climate.ts", import.meta.url)`: the class of whatever host types the program has. */
export interface FileUrl {
  readonly href: string;
  readonly hash: string;
}

/** Whether a value is a URL, and no options or workflow. */
export function isFileUrl(value: object): value is FileUrl {
  return "href" in value && typeof value.href === "string";
}
