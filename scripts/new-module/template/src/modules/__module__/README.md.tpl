# __module__

## Routes

| call | scope | body | answer |
| --- | --- | --- | --- |
| POST /__module__ | write:__module__ | `{ "name": string }` | 201 `{ id, name }`, `Location: /__module__/{id}` |
| PUT /__module__/{id} | write:__module__ | `{ "name": string }` | 200 `{ name }` |
| GET /__module__/{id} | read:__module__ | – | 200 `{ name }`, `ETag` |

A name has 1 to 100 characters. With `Prefer: respond-async` a command is answered by 202 `{ id?, commandId }` at once.

| rejection | status | when |
| --- | --- | --- |
| `__NOUN___NOT_FOUND` | 404 | it was not created |
| `__NOUN___EXISTS` | 409 | it was created already |

## Files

| file | holds |
| --- | --- |
| [contracts.ts](contracts.ts) | what other modules may import: the events |
| [domain/__noun__.events.ts](domain/__noun__.events.ts) | the storage format of `__module__.events` |
| [domain/__noun__.commands.ts](domain/__noun__.commands.ts) | the commands |
| [domain/__noun__.decider.ts](domain/__noun__.decider.ts) | all behaviour, pure; the rejections; the aggregate |
| [views/__noun__.view.ts](views/__noun__.view.ts) | what each one is now: row, fold, table, query and its handler |
| [__module__.controller.ts](__module__.controller.ts), [__module__.dto.ts](__module__.dto.ts) | HTTP: DTO → command → answer |
| [__module__.module.ts](__module__.module.ts) | the Nest module, and the feature that the platform runs |

Tests: [domain/__noun__.decider.spec.ts](domain/__noun__.decider.spec.ts), and over HTTP in both modes [test/__module__.e2e-spec.ts](../../../test/__module__.e2e-spec.ts).
