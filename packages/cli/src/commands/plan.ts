import type { Command } from "commander";
import { planOptions, planWorkflow, type Cut } from "@millrace/core/internal";
import { loadWorkflows } from "../modules.ts";
import { shapeOf } from "../plan/shape.ts";
import { planText } from "../plan/text.ts";
import { cutOption, wholeNumber } from "./options.ts";

interface PlanOptions {
  readonly cut?: Cut;
  readonly instances: number;
  readonly partitions?: number;
  readonly json?: true;
}

/** `millrace plan`: what the planner makes of workflows. */
export function addPlan(program: Command): void {
  program
    .command("plan")
    .summary("show the stages, exchanges, combiners and slices of workflows")
    .description("Shows how the workflows that FILE exports (FILE#NAME: one of them) would run. Nothing is run, no input is needed.")
    .argument("<file...>", "modules that export workflows")
    .addOption(cutOption())
    .option("--instances <n>", "as many instances as this", wholeNumber(1, 64), 1)
    .option("--partitions <n>", "keys in as many partitions as this", wholeNumber(1, 256))
    .option("--json", "one JSON array with a plan for each workflow")
    .addHelpText("after", "\nExample:\n  $ millrace plan traffic.ts --cut shuffle --instances 2\n")
    .action(async (files: readonly string[], options: PlanOptions) => {
      await plan(files, options);
    });
}

async function plan(files: readonly string[], options: PlanOptions): Promise<void> {
  const { workflows } = await loadWorkflows(files);
  const shapes = workflows.map((workflow) => shapeOf(planWorkflow(workflow, planOptions(options))));
  process.stdout.write(options.json === true ? `${JSON.stringify(shapes, undefined, 2)}\n` : shapes.map(planText).join("\n"));
}
