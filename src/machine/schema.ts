import { z } from "zod";
import { machineSchema } from "./machine.ts";

/**
 * JSON Schema (draft 2020-12) of what users write in a machine file: editors complete and check by it. Rules
 * between fields are not in it; parseMachine knows those.
 */
export function machineJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(machineSchema, { io: "input" });
  const properties = { $schema: { type: "string" }, ...schema.properties };
  return { $schema, title: "Petri machine", ...schema, properties };
}
