import { Controller, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { updateTopic } from './settings';

interface UpdateValue {
  readonly id: string;
  readonly operation: 'ADD' | 'MULTIPLY';
  readonly value: number;
}

/** Decides in memory: what it knows is gone when it ends. */
@Controller()
export class ValuesService {
  private readonly values = new Map<string, number>();

  @MessagePattern(updateTopic)
  update(@Payload() { id, operation, value }: UpdateValue): { value: number } {
    const before = this.values.get(id) ?? 0;
    const after = operation === 'ADD' ? before + value : before * value;
    this.values.set(id, after);
    return { value: after };
  }
}

@Module({ controllers: [ValuesService] })
export class ServiceModule {}
