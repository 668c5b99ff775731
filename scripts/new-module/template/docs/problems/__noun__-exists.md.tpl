# __NOUN___EXISTS

Status 409. The __words__ was created already.

## What to do

Nothing: it is there. Read it with `GET /__module__/{id}`.
