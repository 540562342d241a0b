/** What contract.md promises and openapi.yaml does not hold yet; remove this file once it does. */
import type { components } from './schema';

declare module './schema' {
  interface paths {
    '/v1/events/{id}/history': {
      get: { responses: { 200: { content: { 'application/json': { data: Change[]; page: components['schemas']['PageInfo']; count: components['schemas']['Count']; revision: number } } } } };
    };
  }
}

export interface Change {
  revision: number; op: 'create' | 'update' | 'delete' | 'merge'; event_id: string; at: string; reason: string | null; merged_into: string | null;
  event: components['schemas']['Event'] | null;
}
