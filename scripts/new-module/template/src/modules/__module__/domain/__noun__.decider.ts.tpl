import { aggregate, unreachable, type Decider } from '../../../kernel/decider';
import { Rejected, type RejectionTable } from '../../../kernel/rejection';
import { __nounName__Commands, type __Noun__Command } from './__noun__.commands';
import { __nounName__Events, type __Noun__Event } from './__noun__.events';

/** `null` before it is created. */
export type __Noun__State = { readonly name: string } | null;

export const __nounName__Rejections = {
  __NOUN___NOT_FOUND: { status: 404, title: 'There is no such __words__' },
  __NOUN___EXISTS: { status: 409, title: 'The __words__ exists already' },
} as const satisfies RejectionTable;

export const __nounName__Decider: Decider<__Noun__Command, __Noun__State, __Noun__Event> = {
  initialState: null,

  decide(command, state) {
    switch (command.type) {
      case 'Create__Noun__Command':
        if (state !== null) throw new Rejected('__NOUN___EXISTS');
        return [{ type: '__Noun__Created', data: { name: command.data.name } }];
      case 'Rename__Noun__Command':
        if (state === null) throw new Rejected('__NOUN___NOT_FOUND');
        return [{ type: '__Noun__Renamed', data: { name: command.data.name } }];
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    switch (event.type) {
      case '__Noun__Created':
      case '__Noun__Renamed':
        return { name: event.data.name };
      default:
        return unreachable(event);
    }
  },
};

export const __nounName__ = aggregate({
  module: '__module__',
  name: '__noun__',
  stateVersion: 1,
  commands: __nounName__Commands,
  events: __nounName__Events,
  decider: __nounName__Decider,
  reply: (state) => ({ name: state?.name }),
});
