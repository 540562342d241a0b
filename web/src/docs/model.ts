/** As much of an OpenAPI 3.0 document as the page reads. */
export interface Schema {
  $ref?: string; type?: string; format?: string; enum?: unknown[]; items?: Schema; properties?: Record<string, Schema>; required?: string[]; additionalProperties?: boolean | Schema;
  description?: string; nullable?: boolean; pattern?: string; minimum?: number; maximum?: number; minLength?: number; maxLength?: number; minItems?: number; maxItems?: number; default?: unknown; example?: unknown;
}
export interface Parameter { $ref?: string; name: string; in: 'query' | 'path' | 'header'; description?: string; required?: boolean; schema?: Schema; example?: unknown; explode?: boolean }
export interface Media { schema?: Schema; example?: unknown; examples?: Record<string, { summary?: string; value?: unknown; 'x-request'?: string }> }
export interface Answer { $ref?: string; description?: string; content?: Record<string, Media>; headers?: Record<string, { $ref?: string; description?: string }> }
export interface Operation {
  operationId: string; tags?: string[]; summary?: string; description?: string; parameters?: Parameter[]; security?: Record<string, string[]>[];
  requestBody?: { $ref?: string; description?: string; required?: boolean; content?: Record<string, Media> }; responses: Record<string, Answer>;
}
export interface Contract {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation> & { parameters?: Parameter[] }>;
  components: Record<string, Record<string, unknown>>;
}

/** What a $ref stands for. */
export function deref<T extends { $ref?: string }>(contract: Contract, node: T): T {
  let at: T = node;
  for (let depth = 0; at.$ref !== undefined && depth < 8; depth++) {
    const [, , kind = '', name = ''] = at.$ref.split('/');
    at = (contract.components[kind]?.[name] ?? {}) as T;
  }
  return at;
}

export const refName = (s: Schema | undefined): string | null => s?.$ref?.split('/').at(-1) ?? null;
export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** A type in few words: array of EventType, string, up to 100. */
export function typeWords(contract: Contract, s: Schema | undefined): string {
  if (s === undefined) return '';
  const d = deref(contract, s);
  const limits = [d.minimum !== undefined && d.maximum !== undefined ? `${d.minimum} to ${d.maximum}` : d.minimum !== undefined ? `from ${d.minimum}` : '', d.maxLength !== undefined ? `up to ${d.maxLength} characters` : '', d.maxItems !== undefined ? `up to ${d.maxItems}` : ''].filter(Boolean).join(', ');
  const base = d.type === 'array' ? `list of ${typeWords(contract, d.items) || 'values'}` : refName(s) ?? ([d.type, d.format].filter(Boolean).join(' ') || 'any');
  return base + (d.nullable && d.type !== 'array' && refName(s) === null ? ' or null' : '') + (limits ? `, ${limits}` : '');
}
