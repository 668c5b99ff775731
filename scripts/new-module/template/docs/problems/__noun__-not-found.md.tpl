# __NOUN___NOT_FOUND

Status 404. No __words__ with this id exists.

## What to do

Make one with `POST /__module__`. If it was made a moment ago, send the `Consistency-Token` of that answer.
