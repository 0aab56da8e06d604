import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { adminContract } from '@attune/contracts';
import { fromApiPage } from '../models/model.convert';
import {
  fromApiNewOrganization,
  fromApiOrganizationChange,
  fromApiOrganizationId,
  toApiOrganization,
} from './organization.convert';
import { OrganizationAdministrationService } from './organization-administration.service';

const api = adminContract.organizations;
const PAGE_SIZE = 25;

/** Operators only: the guard takes the admin key here and nothing else. */
@Controller()
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationAdministrationService) {}

  @TsRestHandler(api.create)
  create() {
    return tsRestHandler(api.create, async ({ body }) => {
      const made = await this.organizations.create(fromApiNewOrganization(body));
      return { status: 201 as const, body: toApiOrganization(made) };
    });
  }

  @TsRestHandler(api.list)
  list() {
    return tsRestHandler(api.list, async ({ query }) => {
      const { total, organizations } = await this.organizations.list(fromApiPage(query, PAGE_SIZE));
      const result = organizations.map(toApiOrganization);
      return { status: 200 as const, body: { count: result.length, total_results: total, result } };
    });
  }

  @TsRestHandler(api.get)
  get() {
    return tsRestHandler(api.get, async ({ params }) => {
      const found = await this.organizations.get(fromApiOrganizationId(params.organization_id));
      return { status: 200 as const, body: toApiOrganization(found) };
    });
  }

  @TsRestHandler(api.update)
  update() {
    return tsRestHandler(api.update, async ({ params, body }) => {
      const id = fromApiOrganizationId(params.organization_id);
      const changed = await this.organizations.update(id, fromApiOrganizationChange(body));
      return { status: 200 as const, body: toApiOrganization(changed) };
    });
  }
}
