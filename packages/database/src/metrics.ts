import { Counter, Gauge } from '@attune/observability';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

const followed = new Set<DataSource>();

/** The pool of a DataSource that createDataSource made; undefined before its start. */
export function poolOf(dataSource: DataSource): Pool | undefined {
  return (dataSource.driver as unknown as { master?: Pool }).master;
}

new Gauge({
  name: 'attune_database_connections',
  help: "Connections of the service's pool: in use, idle, and at most (limit)",
  labelNames: ['state'],
  collect() {
    this.set(
      { state: 'used' },
      total((pool) => pool.totalCount - pool.idleCount),
    );
    this.set(
      { state: 'idle' },
      total((pool) => pool.idleCount),
    );
    this.set(
      { state: 'limit' },
      total((pool) => pool.options.max),
    );
  },
});
new Gauge({
  name: 'attune_database_waiting',
  help: 'Statements that wait for a connection of the pool',
  collect() {
    this.set(total((pool) => pool.waitingCount));
  },
});

/** Counts the pool of `dataSource` until `forgetPool`. */
export function followPool(dataSource: DataSource): void {
  followed.add(dataSource);
}

export function forgetPool(dataSource: DataSource): void {
  followed.delete(dataSource);
}

export const reconcilerPasses = new Counter({
  name: 'attune_reconciler_passes_total',
  help: 'Passes over the state, by how they ended: done or failed',
  labelNames: ['reconciler', 'outcome'],
});

function total(count: (pool: Pool) => number): number {
  return [...followed].reduce((sum, dataSource) => {
    const pool = poolOf(dataSource);
    return pool ? sum + count(pool) : sum;
  }, 0);
}
