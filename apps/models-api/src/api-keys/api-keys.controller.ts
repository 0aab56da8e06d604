import { Controller } from '@nestjs/common';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { adminContract } from '@attune/contracts';
import { fromApiPage } from '../models/model.convert';
import { fromApiOrganizationId } from '../organizations/organization.convert';
import { fromApiKeyId, fromApiKeyOrder, toApiCreatedKey, toApiKeyRecord } from './api-key.convert';
import { ApiKeyAdministrationService } from './api-key-administration.service';

const api = adminContract.keys;
const PAGE_SIZE = 25;

/** Operators only: the guard takes the admin key here and nothing else. */
@Controller()
export class ApiKeysController {
  constructor(private readonly keys: ApiKeyAdministrationService) {}

  @TsRestHandler(api.create)
  create() {
    return tsRestHandler(api.create, async ({ params, body }) => {
      const made = await this.keys.create(fromApiOrganizationId(params.organization_id), fromApiKeyOrder(body));
      return { status: 201 as const, body: toApiCreatedKey(made) };
    });
  }

  @TsRestHandler(api.list)
  list() {
    return tsRestHandler(api.list, async ({ params, query }) => {
      const id = fromApiOrganizationId(params.organization_id);
      const { total, keys } = await this.keys.list(id, fromApiPage(query, PAGE_SIZE));
      return {
        status: 200 as const,
        body: { count: keys.length, total_results: total, result: keys.map(toApiKeyRecord) },
      };
    });
  }

  @TsRestHandler(api.revoke)
  revoke() {
    return tsRestHandler(api.revoke, async ({ params }) => {
      const revoked = await this.keys.revoke(
        fromApiOrganizationId(params.organization_id),
        fromApiKeyId(params.key_id),
      );
      return { status: 200 as const, body: toApiKeyRecord(revoked) };
    });
  }
}
