import request from 'supertest';
import type { AppProcess } from './app-process.ts';

export const UNKNOWN_ID = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What tests of the calculator ask of it, over and over. @param app the process under test, once it runs */
export function calculator(app: () => AppProcess) {
  const http = () => request(app().url);
  return {
    http,
    put: (id: string, operation: string, value: number) =>
      http().put(`/values/${id}`).set('Prefer', 'wait=10').send({ operation, value }),
    newValue: async (value: number): Promise<{ id: string; token: string }> => {
      const answer = await http().post('/values').set('Prefer', 'wait=10').send({ value }).expect(201);
      return { id: answer.body.id, token: answer.headers['consistency-token'] ?? '' };
    },
  };
}
