import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { TopicSpec } from '../../log/log.port';

class ProgressDto {
  @ApiProperty({ type: 'integer', description: 'Records read, over all partitions' })
  done: number;

  @ApiProperty({ type: 'integer', description: 'Records to read as of now' })
  total: number;

  @ApiProperty()
  recordsPerSecond: number;

  @ApiProperty({ type: Number, nullable: true, description: 'At that rate; null before the first record' })
  secondsLeft: number | null;
}

export class ViewStatusDto {
  @ApiProperty({ example: 'calculator.value' })
  name: string;

  @ApiProperty({ enum: ['live', 'rebuilding', 'failed'] })
  status: 'live' | 'rebuilding' | 'failed';

  @ApiProperty({ type: 'integer' })
  generation: number;

  @ApiProperty({ type: 'integer', description: 'Records that the live generation has not projected yet' })
  lag: number;

  @ApiPropertyOptional({ type: ProgressDto, description: 'With `rebuilding`' })
  progress?: ProgressDto;

  @ApiPropertyOptional({ description: 'With `failed`: why' })
  failure?: string;
}

class PlaceDto {
  @ApiProperty({ type: 'integer' })
  partition: number;

  @ApiProperty({ type: 'integer' })
  offset: number;

  @ApiProperty({ type: String, nullable: true })
  key: string | null;
}

export class DeadLetterDto extends PlaceDto {
  @ApiProperty({ example: 'calculator.processor:calculator.commands:0:7' })
  id: string;

  @ApiProperty()
  consumer: string;

  @ApiProperty()
  topic: string;

  @ApiProperty({ description: 'Why the consumer could not take it' })
  cause: string;

  @ApiProperty({ format: 'date-time' })
  parkedAt: string;

  @ApiProperty({ type: 'integer', description: 'Later records of its key that wait for it' })
  behind: number;
}

export class RecordDto extends PlaceDto {
  @ApiProperty({ type: 'integer', description: 'Milliseconds since the epoch' })
  timestamp: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers: Readonly<Record<string, string>>;

  @ApiProperty({ type: String, nullable: true, description: 'As it stands in the log: JSON text' })
  value: string | null;
}

class PartitionDto {
  @ApiProperty({ type: 'integer' })
  partition: number;

  @ApiProperty({ type: 'integer', description: 'First offset that is there' })
  start: number;

  @ApiProperty({ type: 'integer', description: 'Offset after the last record' })
  end: number;
}

export class TopicDto {
  @ApiProperty({ example: 'calculator.events' })
  name: string;

  @ApiProperty({ type: [PartitionDto] })
  partitions: PartitionDto[];

  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['keep', 'compact'] },
      { type: 'object', required: ['deleteAfterMs'], properties: { deleteAfterMs: { type: 'integer' } } },
    ],
  })
  policy: TopicSpec['policy'];
}
