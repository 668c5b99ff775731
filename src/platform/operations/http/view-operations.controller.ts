import { Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiProblems } from '../../http/api-problems.decorator';
import { listViews, rebuildView } from '../view.operations';
import { HttpOperator } from './http-operator';
import { ViewStatusDto } from './operations.dto';
import { OperatorRoutes } from './operator-route.decorator';

@OperatorRoutes('views')
@ApiProblems('VIEWS_UNAVAILABLE', 'LOG_UNAVAILABLE')
export class ViewOperationsController {
  constructor(private readonly operator: HttpOperator) {}

  @Get()
  @ApiOperation({ summary: 'Every view, and how far it is' })
  @ApiOkResponse({ type: [ViewStatusDto] })
  list(): Promise<ViewStatusDto[]> {
    return this.operator.only(listViews, {});
  }

  @Post(':name/rebuild')
  @HttpCode(202)
  @ApiOperation({ summary: 'Fill a view anew beside the live one, then swap; the list of views tells how far it is' })
  @ApiAcceptedResponse({ description: 'The rebuild goes on by itself' })
  @ApiProblems('NOT_FOUND', 'OPERATION_CONFLICT')
  async rebuild(@Param('name') view: string): Promise<void> {
    await this.operator.only(rebuildView, { view });
  }
}
