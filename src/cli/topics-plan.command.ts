import type { Command } from 'commander';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { allFeatures, chosenFeatures } from './features';
import { table } from './table';

interface PlanOptions extends CommonOptions {
  readonly commands?: true;
  readonly principal?: string;
}

export function addPlanCommand(topics: Command, context: CliContext): void {
  addCommand(topics, 'plan', 'what the administrator of a Kafka has to make for these settings and MODULES')
    .option('--commands', "as commands of Kafka's own tools")
    .option('--principal <principal>', 'whom the rights are for; default: User: and KAFKA_SASL_USERNAME')
    .action(async (options: PlanOptions) => {
      const { kafkaPlan, planCommands } = await import('../platform/operations/plan/kafka-plan.ts');
      const settings = context.settings();
      const plan = kafkaPlan(await chosenFeatures(settings), settings, await allFeatures());
      const principal = options.principal ?? `User:${settings.kafka?.sasl?.username ?? 'platform'}`;
      const commands = planCommands(plan, principal);
      print(context, options, { ...plan, principal, commands }, () => {
        if (options.commands === true) return commands.map((command) => `${command}\n`).join('');
        const made = plan.topics.map(({ name, partitions, replicationFactor, config }) => {
          const settled = Object.entries(config).map(([key, value]) => `${key}=${value}`);
          return [name, partitions, replicationFactor ?? 'default', settled.join(' ')];
        });
        const allowed = plan.rights.map(({ resource, name, pattern, operations }) => {
          return [resource, name, pattern, operations.join(' ')];
        });
        return (
          `${table(['topic', 'partitions', 'replicas', 'settings'], made)}\n` +
          `${table([`${principal} on`, 'name', 'pattern', 'operations'], allowed)}`
        );
      });
    });
}
