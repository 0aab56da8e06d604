import { Option, type Command } from 'commander';
import { scopes, type ApiKeyRecord, type Scope } from '@attune/contracts';
import type { AddAdminAction } from '../../command';
import { exitCodes } from '../../exit-codes';
import { formatTable } from '../../format';

interface Options {
  scope: Scope[];
  expires?: string;
}

export function addKeys(admin: Command, addAction: AddAdminAction): void {
  const keys = admin.command('keys').description('create, list and revoke API keys of an organization');
  addAction<Options>(
    keys
      .command('create')
      .description('create a key; it is shown this once')
      .argument('<organization>')
      .argument('<name>', 'what it is for')
      .addOption(
        new Option('-s, --scope <scope...>', 'what it may do').choices(scopes).default([...scopes], 'all of them'),
      )
      .option('--expires <time>', 'when it stops to work, ISO 8601 (2027-01-01T00:00:00Z)'),
    async ({ admin: api, terminal }, { scope, expires }, organization = '', name = '') => {
      const made = await api.keys.create(organization, {
        name,
        scopes: scope,
        ...(expires !== undefined && { expiresAt: expires }),
      });
      terminal.result(made, `${made.key}\nkey ${made.id} "${made.name}"; nobody can show it again`);
      return exitCodes.ok;
    },
  );
  addAction(
    keys.command('list').description('list keys, newest first; never the keys themselves').argument('<organization>'),
    async ({ admin: api, terminal }, _, organization = '') => {
      const all = await api.keys.list(organization);
      const rows = all.map((key) => [
        key.id,
        key.name,
        `${key.prefix}...${key.last4}`,
        key.scopes.join(' '),
        key.last_used_at ?? 'never',
        stateOf(key),
      ]);
      terminal.result(all, formatTable(['ID', 'NAME', 'KEY', 'SCOPES', 'LAST USED', 'STATE'], rows));
      return exitCodes.ok;
    },
  );
  addAction(
    keys
      .command('revoke')
      .description('revoke a key for ever; refused everywhere a second later at most')
      .argument('<organization>')
      .argument('<key>', 'its id'),
    async ({ admin: api, terminal }, _, organization = '', key = '') => {
      const revoked = await api.keys.revoke(organization, key);
      terminal.result(revoked, `revoked ${revoked.prefix}...${revoked.last4} "${revoked.name}"`);
      return exitCodes.ok;
    },
  );
}

/** Whether it has expired is the platform's to say, at its own time. */
function stateOf({ revoked_at: revoked, expires_at: expires }: ApiKeyRecord): string {
  if (revoked !== null) return `revoked ${revoked}`;
  return expires === null ? 'valid' : `until ${expires}`;
}
