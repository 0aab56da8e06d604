import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { Base, BaseModel } from './base-model';
import { BaseModelEntity } from './base-model.entity';
import { BaseEntity } from './base.entity';
import { fromRowBase, fromRowBaseModel } from './base.mapping';

/** The catalogue of bases: the platform's, no organization's. */
@Injectable()
export class BaseModelsRepository {
  async findByKey(tx: Tx, key: string): Promise<BaseModel | null> {
    const row = await tx.manager.findOne(BaseModelEntity, { where: { key }, relations: { base: true } });
    return row && fromRowBaseModel(row);
  }

  async findByDigest(tx: Tx, digest: string): Promise<Base | null> {
    const row = await tx.manager.findOneBy(BaseEntity, { digest });
    return row && fromRowBase(row);
  }

  /** A digest names the same files for ever, so a second registration changes nothing. */
  async insertBase(tx: Tx, base: Base): Promise<void> {
    await tx.manager.createQueryBuilder().insert().into(BaseEntity).values(base).orIgnore().execute();
  }

  async pointKey(tx: Tx, key: string, digest: string, adapted: boolean, accelerator: string | null): Promise<void> {
    await tx.execute(
      `INSERT INTO base_model (key, digest, adapted, accelerator) VALUES ($1, $2, $3, $4)
       ON CONFLICT (key) DO UPDATE SET digest = $2, adapted = $3, accelerator = $4, updated_at = now()
       WHERE (base_model.digest, base_model.adapted, base_model.accelerator) IS DISTINCT FROM ($2, $3, $4)`,
      [key, digest, adapted, accelerator],
    );
  }
}
