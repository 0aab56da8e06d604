import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import type { DataFilter, DataItem, ItemRef } from './data-item';
import { fromRowItem, ITEM_COLUMNS, type ItemRow } from './data-item.mapping';

/** What owners read of their items. */
@Injectable()
export class DataListRepository {
  async find(tx: Tx, item: ItemRef): Promise<DataItem | null> {
    const [row] = await tx.query<ItemRow>(`${SELECT_ITEM} WHERE id = $1 AND model_id = $2 AND organization_id = $3`, [
      item.id,
      item.modelId,
      item.organizationId,
    ]);
    return row ? fromRowItem(row) : null;
  }

  /**
   * Newest first. The page's ids come from an index alone, and the total from the counts that the table keeps (with an issue
   * it counts the items that have any), so a page costs the same however many items the model has.
   */
  async list(
    tx: Tx,
    model: { organizationId: OrganizationId; modelId: ModelId },
    filter: DataFilter,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; items: DataItem[] }> {
    const { where, values } = conditionsOf(model, filter);
    const rows = await tx.query<ItemRow>(
      `${SELECT_ITEM} WHERE id IN (
         SELECT id FROM data_item WHERE ${where} ORDER BY id DESC LIMIT ${String(page.limit)} OFFSET ${String(page.offset)})
       ORDER BY id DESC`,
      values,
    );
    return { total: await this.count(tx, model, filter), items: rows.map(fromRowItem) };
  }

  private async count(
    tx: Tx,
    model: { organizationId: OrganizationId; modelId: ModelId },
    filter: DataFilter,
  ): Promise<number> {
    const { where, values } = conditionsOf(model, filter);
    const source =
      filter.issue === undefined
        ? `SELECT coalesce(sum(items), 0)::bigint AS total FROM data_item_count WHERE ${where}`
        : `SELECT count(*) AS total FROM data_item WHERE ${where}`;
    const [row] = await tx.query<{ total: number }>(source, values);
    return row?.total ?? 0;
  }
}

const SELECT_ITEM = `SELECT ${ITEM_COLUMNS} FROM data_item`;

function conditionsOf(
  model: { organizationId: OrganizationId; modelId: ModelId },
  filter: DataFilter,
): { where: string; values: unknown[] } {
  const values: unknown[] = [model.modelId, model.organizationId];
  const conditions = ['model_id = $1', 'organization_id = $2'];
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${String(values.length)}`));
  };
  add(filter.type, (place) => `data_type = ${place}`);
  add(filter.status, (place) => `status = ${place}`);
  add(
    filter.issue && JSON.stringify([{ code: filter.issue }]),
    (place) => `issues <> '[]' AND issues @> ${place}::jsonb`,
  );
  return { where: conditions.join(' AND '), values };
}
