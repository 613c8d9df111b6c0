import { z } from "zod";
import type { Answer, Route } from "../http/route.ts";
import { COMPONENTS } from "./components.ts";

/** The OpenAPI 3.1 document of routes, made from the schemas that validate them. */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "Millrace",
      version,
      description: "Workflows that run: what they read, hold and write. Errors are RFC 9457 problem details with a code of Millrace's.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "The token that the server was started with; none on a loopback address without one." } },
    },
    security: [{ token: [] }, {}],
  };
}

const REFERENCE = "#/components/schemas/";

function registry(): z.core.$ZodRegistry<{ id: string }> {
  const known = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) known.add(schema, { id });
  return known;
}

function componentSchemas(): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(registry(), { uri: (id) => REFERENCE + id });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

function operationOf(route: Route): object {
  const parameters = [
    ...parametersOf("path", route.params),
    ...parametersOf("query", route.query),
    ...Object.entries(route.headers ?? {}).map(([name, description]) => ({ name, in: "header", required: false, description, schema: { type: "string" } })),
  ];
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.open === true ? { security: [{}] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: route.bodyOptional !== true, content: Object.fromEntries(route.body.map(({ type, description, schema }) => [type, { schema: { description, ...(schema === undefined ? {} : schemaOf(schema)) } }])) } }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer)])),
      default: responseOf({ description: "Why there is no result.", type: "application/problem+json", schema: COMPONENTS.Problem }),
    },
  };
}

function responseOf({ description, type, schema, headers = {} }: Answer): object {
  const media = type ?? (schema === undefined ? undefined : "application/json");
  return {
    description,
    ...(Object.keys(headers).length === 0 ? {} : { headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: "string" } }])) }),
    ...(media === undefined ? {} : { content: { [media.split(";", 1)[0]]: schema === undefined ? {} : { schema: schemaOf(schema) } } }),
  };
}

function parametersOf(place: "path" | "query", schema: z.ZodObject | undefined): object[] {
  if (schema === undefined) return [];
  const described = z.toJSONSchema(schema, { io: "input" }) as { readonly properties?: Readonly<Record<string, object>>; readonly required?: readonly string[] };
  return Object.entries(described.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property as { readonly description?: string };
    return { name, in: place, required: place === "path" || (described.required ?? []).includes(name), ...(description === undefined ? {} : { description }), schema: rest };
  });
}

/** A reference where the schema has a name, else the schema itself. */
function schemaOf(schema: z.ZodType): object {
  const id = Object.entries(COMPONENTS).find(([, one]) => one === schema)?.[0];
  return id === undefined ? plain(z.toJSONSchema(schema)) : { $ref: REFERENCE + id };
}

/** Without what only stands at the root of a document. */
function plain({ $schema: _schema, $id: _id, ...rest }: z.core.JSONSchema.BaseSchema): object {
  return rest;
}
