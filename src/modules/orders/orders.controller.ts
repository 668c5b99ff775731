import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandMessage } from '../../kernel/command';
import { Rejected } from '../../kernel/rejection';
import { RequireScope } from '../../platform/auth/access.decorators';
import { ApiAccepted } from '../../platform/commands/api-accepted.decorator';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { linkNext, textCursor, TextPageQuery } from '../../platform/http/page';
import { PatternPipe } from '../../platform/http/pattern.pipe';
import { UuidPipe } from '../../platform/http/uuid.pipe';
import { CUSTOMER_ID, customerRejections } from '../accounts/contracts';
import { DocumentDto } from './documents.dto';
import { DocumentsReader, shownOrder } from './documents.reader';
import { CancelOrderCommand, PlaceOrderCommand, ShipOrderCommand } from './domain/order.commands';
import { orderRejections } from './domain/order.decider';
import { OrderDto, OrderStatusDto, PlacedOrderDto, PlaceOrderDto } from './orders.dto';
import { documentView, GetDocument, GetDocuments, GetOrder } from './views/document.view';

const customerId = new PatternPipe(CUSTOMER_ID, 'must be 1 to 64 letters, digits, dots, underscores, hyphens');
const { ORDER_NOT_FOUND } = orderRejections;

@ApiTags('orders')
@ApiProblems('VALIDATION_FAILED')
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly documents: DocumentsReader,
  ) {}

  @Post()
  @RequireScope('write:orders')
  @ApiOperation({ summary: 'Place an order' })
  @ApiCommand()
  @ApiAccepted()
  @ApiCreatedResponse({ type: PlacedOrderDto })
  async place(
    @Body() { customerId: customer, items }: PlaceOrderDto,
    @Sender() sender: CommandSender,
  ): Promise<unknown> {
    const orderId = sender.newId();
    const lines = items.map(({ productId, title, price, quantity }) => ({ productId, title, price, quantity }));
    const command = new PlaceOrderCommand(orderId, { customerId: customer, items: lines }, sender.metadata);
    const outcome: CommandOutcome = await this.commands.execute(command);
    const location = outcome.status === 'decided' ? { location: `/orders/${orderId}` } : {};
    return sender.answer(outcome, { status: 201, ...location });
  }

  @Get('list')
  @RequireScope('read:orders')
  @Reads(documentView)
  @ApiOperation({ summary: 'Every customer with all orders' })
  @ApiOkResponse({ type: [DocumentDto] })
  async list(
    @Query() page: TextPageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentDto[]> {
    const found = await this.queries.execute(new GetDocuments(page.limit, page.afterText));
    const idOf = ([part]: (typeof found)[number]): string => part?.customer_id ?? '';
    linkNext(request, reply, page, found, (parts) => textCursor(idOf(parts)));
    const shown = await Promise.all(found.map((parts) => this.documents.document(idOf(parts), parts)));
    return shown.flatMap((document) => document ?? []);
  }

  @Get('order/:customerId')
  @RequireScope('read:orders')
  @Reads(documentView)
  @ApiOperation({ summary: 'A customer with all orders' })
  @ApiParam({ name: 'customerId', schema: { type: 'string', pattern: CUSTOMER_ID.source } })
  @ApiOkResponse({ type: DocumentDto })
  @ApiProblems(customerRejections)
  async document(@Param('customerId', customerId) id: string): Promise<DocumentDto> {
    const parts = await this.queries.execute(new GetDocument(id));
    const document = await this.documents.document(id, parts);
    if (document === undefined) throw new Rejected('CUSTOMER_NOT_FOUND');
    return document;
  }

  @Get(':orderId')
  @RequireScope('read:orders')
  @Reads(documentView)
  @ApiOperation({ summary: 'An order' })
  @ApiOkResponse({ type: OrderDto })
  @ApiProblems({ ORDER_NOT_FOUND })
  async order(
    @Param('orderId', UuidPipe) orderId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderDto> {
    const row = await this.queries.execute(new GetOrder(orderId));
    const [shown] = shownOrder(row);
    if (shown === undefined) throw new Rejected('ORDER_NOT_FOUND');
    void reply.header('etag', `"${row.version}"`);
    const { status, items, total, placedAt } = shown;
    return { orderId, customerId: row.customer_id, status, items, total, placedAt };
  }

  @Post(':orderId/ship')
  @HttpCode(200)
  @RequireScope('write:orders')
  @ApiOperation({ summary: 'The order has left: it cannot be cancelled any more' })
  @ApiCommand()
  @ApiAccepted()
  @ApiOkResponse({ type: OrderStatusDto })
  @ApiProblems(orderRejections)
  ship(@Param('orderId', UuidPipe) orderId: string, @Sender() sender: CommandSender): Promise<unknown> {
    return this.close(new ShipOrderCommand(orderId, {}, sender.metadata), sender);
  }

  @Post(':orderId/cancel')
  @HttpCode(200)
  @RequireScope('write:orders')
  @ApiOperation({ summary: 'Cancel an order that has not been shipped' })
  @ApiCommand()
  @ApiAccepted()
  @ApiOkResponse({ type: OrderStatusDto })
  @ApiProblems(orderRejections)
  cancel(@Param('orderId', UuidPipe) orderId: string, @Sender() sender: CommandSender): Promise<unknown> {
    return this.close(new CancelOrderCommand(orderId, {}, sender.metadata), sender);
  }

  private async close(command: CommandMessage, sender: CommandSender): Promise<unknown> {
    const outcome: CommandOutcome = await this.commands.execute(command);
    return sender.answer(outcome);
  }
}
