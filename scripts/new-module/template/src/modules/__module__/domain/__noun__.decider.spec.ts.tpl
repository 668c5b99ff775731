import type { CommandMetadata } from '../../../kernel/command';
import { specification } from '../../../kernel/specification';
import { Create__Noun__Command, Rename__Noun__Command } from './__noun__.commands';
import { __nounName__Decider } from './__noun__.decider';
import { __nounName__Events, type __Noun__Event } from './__noun__.events';

const { given } = specification(__nounName__Decider);
const { __Noun__Created, __Noun__Renamed } = __nounName__Events.events;
const created: __Noun__Event = { type: '__Noun__Created', data: __Noun__Created.example };
const renamed: __Noun__Event = { type: '__Noun__Renamed', data: __Noun__Renamed.example };

const metadata: CommandMetadata = {
  commandId: '0196f1a2-0000-7000-8000-000000000001',
  identity: 'anonymous',
  correlationId: '0196f1a2-0000-7000-8000-000000000002',
  receivedAt: 1_763_712_000_000,
};
const id = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
const create = new Create__Noun__Command(id, __Noun__Created.example, metadata);
const rename = new Rename__Noun__Command(id, __Noun__Renamed.example, metadata);

describe('The aggregate __noun__', () => {
  it('is created once', () => {
    given().when(create).thenEvents(created);
    given(created).when(create).thenRejected('__NOUN___EXISTS');
  });

  it('is renamed', () => {
    given(created).when(rename).thenEvents(renamed);
    given(created, renamed).when(rename).thenEvents(renamed);
  });

  it('must exist before it is renamed', () => {
    given().when(rename).thenRejected('__NOUN___NOT_FOUND');
  });
});
