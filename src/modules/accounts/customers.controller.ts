import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Rejected } from '../../kernel/rejection';
import { RequireScope } from '../../platform/auth/access.decorators';
import { ApiAccepted } from '../../platform/commands/api-accepted.decorator';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { linkNext, PageQuery, textCursor } from '../../platform/http/page';
import { PatternPipe } from '../../platform/http/pattern.pipe';
import { CustomerChangeDto, CustomerDto, CustomersQuery, SavedCustomerDto } from './customer-answers.dto';
import { CustomerVault } from './customer.vault';
import { SaveCustomerDto } from './customers.dto';
import { EraseCustomerCommand, SaveCustomerCommand } from './domain/customer.commands';
import { customerRejections } from './domain/customer.decider';
import { CUSTOMER_ID } from './domain/customer.id';
import { customerHistoryView, GetCustomerHistory } from './views/customer-history.view';
import { customerView, GetCustomer, GetCustomers } from './views/customer.view';

const customerId = new PatternPipe(CUSTOMER_ID, 'must be 1 to 64 letters, digits, dots, underscores, hyphens');
const ApiCustomerId = ApiParam({ name: 'id', schema: { type: 'string', pattern: CUSTOMER_ID.source } });

@ApiTags('accounts')
@ApiProblems('VALIDATION_FAILED', 'VIEWS_UNAVAILABLE')
@Controller('accounts')
export class CustomersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly vault: CustomerVault,
  ) {}

  @Post('customer/create')
  @RequireScope('write:accounts')
  @ApiOperation({ summary: 'Create a customer, or replace all that is known of it' })
  @ApiCommand()
  @ApiAccepted()
  @ApiCreatedResponse({ type: SavedCustomerDto })
  @ApiOkResponse({ type: SavedCustomerDto, description: 'It was known; nothing is written when nothing is other' })
  @ApiProblems('CUSTOMER_ERASED')
  async save(@Body() body: SaveCustomerDto, @Sender() sender: CommandSender): Promise<unknown> {
    const id = body.id ?? sender.newId();
    const customer = await this.vault.seal(id, body);
    const outcome: CommandOutcome = await this.commands.execute(
      new SaveCustomerCommand(id, { customer }, sender.metadata),
    );
    if (outcome.status === 'pending' || outcome.decision.status !== 'accepted') return sender.answer(outcome);
    const { version, reply } = outcome.decision;
    const { created } = Object(reply) as { readonly created?: boolean };
    return sender.answer(outcome, {
      status: created === true ? 201 : 200,
      location: `/accounts/customer/${id}`,
      body: { version },
    });
  }

  @Get('customer/:id')
  @RequireScope('read:accounts')
  @Reads(customerView)
  @ApiOperation({ summary: 'What is known of a customer; card numbers are masked' })
  @ApiCustomerId
  @ApiOkResponse({ type: CustomerDto })
  @ApiProblems('CUSTOMER_ERASED', customerRejections)
  async customer(
    @Param('id', customerId) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerDto> {
    const row = await this.queries.execute(new GetCustomer(id));
    const [customer] = await this.vault.open([row]);
    if (customer === undefined) throw new Rejected('CUSTOMER_ERASED');
    void reply.header('etag', `"${row.version}"`);
    return customer;
  }

  @Get('customers')
  @RequireScope('read:accounts')
  @Reads(customerView)
  @ApiOperation({ summary: 'All customers' })
  @ApiOkResponse({ type: [CustomerDto] })
  async customers(
    @Query() page: CustomersQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerDto[]> {
    const { limit, afterText, email } = page;
    const emailHash = typeof email === 'string' ? this.vault.hashOf(email) : undefined;
    const rows = await this.queries.execute(new GetCustomers(limit, afterText, emailHash));
    linkNext(request, reply, page, rows, ({ id }) => textCursor(id));
    return this.vault.open(rows);
  }

  @Get('customer/:id/history')
  @RequireScope('read:accounts')
  @Reads(customerHistoryView)
  @ApiOperation({ summary: 'Every change of a customer, oldest first: who, when, which fields' })
  @ApiCustomerId
  @ApiOkResponse({ type: [CustomerChangeDto] })
  @ApiProblems(customerRejections)
  async history(
    @Param('id', customerId) id: string,
    @Query() page: PageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerChangeDto[]> {
    const rows = await this.queries.execute(
      new GetCustomerHistory(id, page.limit, Number.parseInt(page.after ?? '0', 10)),
    );
    linkNext(request, reply, page, rows, ({ version }) => String(version));
    return rows.map(({ version, event, at, by, changed }) => {
      return { version, event, at: new Date(at).toISOString(), by, changed: [...changed] };
    });
  }

  @Delete('customer/:id')
  @HttpCode(204)
  @RequireScope('admin')
  @ApiOperation({ summary: 'Forget a customer for good: the key is destroyed before this answers' })
  @ApiCustomerId
  @ApiCommand()
  @ApiAccepted()
  @ApiNoContentResponse()
  @ApiProblems(customerRejections)
  async erase(@Param('id', customerId) id: string, @Sender() sender: CommandSender): Promise<unknown> {
    const outcome: CommandOutcome = await this.commands.execute(new EraseCustomerCommand(id, {}, sender.metadata));
    const isDecided = outcome.status === 'decided' && outcome.decision.status === 'accepted';
    // Who answers later, or ends before this, leaves it to the eraser.
    if (isDecided) await this.vault.destroyKey(id);
    return sender.answer(outcome, { status: 204 });
  }
}
