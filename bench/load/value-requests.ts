const headers = { 'content-type': 'application/json', prefer: 'wait=10' };

/** Creates a value of 0, and answers its id. @throws Error when the product refuses */
export async function createValue(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/values`, { method: 'POST', headers, body: '{"value":0}' });
  const body: unknown = await answer.json();
  if (answer.status !== 201 || typeof body !== 'object' || body === null || !('id' in body)) {
    throw new Error(`POST /values answered ${answer.status}: ${JSON.stringify(body)}`);
  }
  return String(body.id);
}

/** Adds to a value and waits for the decision. @returns the status. @throws Error when there is no answer */
export async function addToValue(port: number, id: string, value: number): Promise<number> {
  const body = JSON.stringify({ operation: 'ADD', value });
  const answer = await fetch(`http://127.0.0.1:${port}/values/${id}`, { method: 'PUT', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}
