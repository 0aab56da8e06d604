import type { Base, BaseModel } from './base-model';
import type { BaseModelEntity } from './base-model.entity';
import type { BaseEntity } from './base.entity';

export function fromRowBase(row: BaseEntity): Base {
  const { digest, name, engine, languages, source, licence, location, files } = row;
  return { digest, name, engine, languages, source, licence, location, files };
}

export function fromRowBaseModel(row: BaseModelEntity): BaseModel {
  return { key: row.key, adapted: row.adapted, accelerator: row.accelerator, base: fromRowBase(row.base) };
}
