import { initContract } from '@ts-rest/core';
import {
  adminPageQuery,
  apiKey,
  apiKeyList,
  apiKeyPath,
  createApiKeyBody,
  createdApiKey,
  createOrganizationBody,
  organization,
  organizationList,
  organizationPath,
  updateOrganizationBody,
} from './admin.schema';
import { commonResponses } from './responses';
import { adminOnly } from './route-metadata';

const c = initContract();

export const organizations = c.router({
  create: {
    method: 'POST',
    path: '/admin/v1/organizations',
    summary: 'Create an organization',
    body: createOrganizationBody,
    responses: { 201: organization },
    metadata: adminOnly('key'),
  },
  list: {
    method: 'GET',
    path: '/admin/v1/organizations',
    summary: 'List organizations, newest first',
    query: adminPageQuery,
    responses: { 200: organizationList },
    metadata: adminOnly('natural'),
  },
  get: {
    method: 'GET',
    path: '/admin/v1/organizations/:organization_id',
    summary: 'Get an organization',
    pathParams: organizationPath,
    responses: { 200: organization },
    metadata: adminOnly('natural'),
  },
  update: {
    method: 'PATCH',
    path: '/admin/v1/organizations/:organization_id',
    summary:
      'Change name, plan, limits or minimum; requests: within a second, live runs: as soon as the trainer has heard',
    pathParams: organizationPath,
    body: updateOrganizationBody,
    responses: { 200: organization },
    metadata: adminOnly('natural'),
  },
});

export const keys = c.router({
  create: {
    method: 'POST',
    path: '/admin/v1/organizations/:organization_id/keys',
    summary: 'Create a key; this answer alone shows it',
    pathParams: organizationPath,
    body: createApiKeyBody,
    responses: { 201: createdApiKey },
    metadata: adminOnly('key'),
  },
  list: {
    method: 'GET',
    path: '/admin/v1/organizations/:organization_id/keys',
    summary: 'List the keys of an organization, newest first, revoked and expired ones too',
    pathParams: organizationPath,
    query: adminPageQuery,
    responses: { 200: apiKeyList },
    metadata: adminOnly('natural'),
  },
  revoke: {
    method: 'POST',
    path: '/admin/v1/organizations/:organization_id/keys/:key_id/revoke',
    summary: 'Revoke a key for ever; refused everywhere a second later at most',
    pathParams: apiKeyPath,
    body: c.noBody(),
    responses: { 200: apiKey },
    metadata: adminOnly('natural'),
  },
});

/** The operators' API, on the same listener and with a key of its own. No organization's key opens any of it. */
export const adminContract = c.router({ organizations, keys }, { commonResponses, strictStatusCodes: true });
