import type { Type } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AnyCommandType, CommandMessage } from '../../kernel/command';
import type { Aggregate } from '../../kernel/decider';
import { CommandGateway, type CommandOutcome } from './command-gateway';

/**
 * One handler per command of an aggregate, for the CommandBus: each sends the command through the gateway, and answers with its outcome.
 * Controllers call `commandBus.execute(new XCommand(id, data, sender.metadata))`.
 */
export function commandHandlersFor(aggregate: Aggregate): Type<ICommandHandler>[] {
  return aggregate.commands.map((type) => handlerFor(aggregate, type));
}

function handlerFor(aggregate: Aggregate, type: AnyCommandType): Type<ICommandHandler> {
  @CommandHandler(type)
  class GatewayHandler implements ICommandHandler<CommandMessage, CommandOutcome> {
    constructor(private readonly gateway: CommandGateway) {}

    execute(command: CommandMessage): Promise<CommandOutcome> {
      return this.gateway.send(aggregate, command);
    }
  }
  Object.defineProperty(GatewayHandler, 'name', { value: `${type.type}Handler` });
  return GatewayHandler;
}
