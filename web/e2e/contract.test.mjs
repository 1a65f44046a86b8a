// The page's types and the api's own description of itself must say the same.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { BASE } from './support.mjs';

/** Our names for the document's schemas, where they differ. */
const SCHEMA_OF = {
  EventList: 'Events',
  Layout: 'LayoutBody',
  LayoutTicket: 'LayoutSeat',
  ReservationRequest: 'NewReservation',
  IssuedTicket: 'Ticket',
  IssuedTickets: 'Tickets',
};

/** The stream's events are not part of an OpenAPI document; the live tests hold them. */
const STREAMED = new Set(['SectionDelta', 'AvailabilityDelta']);
const SENT = new Set(['ReservationRequest', 'Best']);

const source = await readFile(new URL('../src/services/types.ts', import.meta.url), 'utf8');
const document = await (await fetch(`${BASE}/api/openapi.json`, { signal: AbortSignal.timeout(10_000) })).json();
const interfaces = [...source.matchAll(/export interface (\w+) \{\n([\s\S]*?)\n\}/g)].map(([, name, body]) => ({
  name,
  fields: [...body.matchAll(/^ {2}(\w+)(\?)?: (.+);$/gm)].map(([, field, optional, type]) => ({ field, optional: Boolean(optional), type })),
}));

test('every type of the page was found', () => {
  assert.ok(interfaces.length >= 18, `${interfaces.length}`);
  assert.ok(interfaces.every(({ fields }) => fields.length > 0));
});

for (const { name, fields } of interfaces) {
  if (STREAMED.has(name)) continue;
  test(`${name} is what the api describes`, () => {
    const schema = document.components.schemas[SCHEMA_OF[name] ?? name];
    assert.ok(schema, `the document has no schema for ${name}`);
    for (const { field, optional, type } of fields) {
      const property = schema.properties[field];
      assert.ok(property, `${name}.${field} is not in the document`);
      const required = schema.required?.includes(field) ?? false;
      const nullable = [property.type].flat().includes('null') || JSON.stringify(property.oneOf ?? []).includes('"null"');
      const mayBeMissing = optional || /\bnull\b/.test(type);
      if (!SENT.has(name)) assert.ok(mayBeMissing || (required && !nullable), `${name}.${field} may be missing or null`);
      const fits = kinds(property).some((kind) => kindOf(type).includes(kind));
      assert.ok(fits, `${name}.${field}: ${type} here, ${JSON.stringify(property)} there`);
    }
    if (SENT.has(name)) {
      const unsent = schema.required.filter((field) => !fields.some((one) => one.field === field && !one.optional));
      assert.deepEqual(unsent, [], 'fields that the api needs are always sent');
    }
  });
}

function kinds(property) {
  if (property.$ref) return ['object'];
  if (property.oneOf) return property.oneOf.flatMap(kinds);
  return [property.type].flat().filter((kind) => kind !== 'null');
}

function kindOf(type) {
  const plain = type.replace(/ \| null$/, '');
  if (plain.endsWith('[]')) return ['array'];
  if (plain === 'number') return ['integer', 'number'];
  if (plain === 'boolean') return ['boolean'];
  if (plain === 'string' || plain.startsWith("'") || /Status$/.test(plain)) return ['string'];
  return ['object'];
}
