import { Option, type Command } from 'commander';
import type { TermsChange } from '@attune/client';
import type { ApiOrganization } from '@attune/contracts';
import { limitNames, plans, type LimitName, type NamedLimits, type Plan } from '@attune/kernel';
import type { AddAdminAction } from '../../command';
import { exitCodes, UsageError } from '../../exit-codes';
import { formatTable } from '../../format';

interface Terms {
  plan?: Plan;
  limit?: Partial<NamedLimits>;
  planLimits?: boolean;
  minimumTrainingSeconds?: number | 'plan';
}

const names = Object.values(limitNames);

export function addOrganizations(admin: Command, addAction: AddAdminAction): void {
  const organizations = admin.command('organizations').description('create, list, show and change organizations');
  addAction<Terms & { plan: Plan }>(
    withTerms(organizations.command('create').description('create an organization').argument('<name>'), true),
    async ({ admin: api, terminal }, options, name = '') => {
      const made = await api.organizations.create({ name, ...toTerms(options), plan: options.plan });
      terminal.result(made, `${describe(made)}\nnext: attune admin keys create ${made.id} NAME --scope SCOPE`);
      return exitCodes.ok;
    },
  );
  addAction(
    organizations.command('list').description('list organizations, newest first'),
    async ({ admin: api, terminal }) => {
      const all = await api.organizations.list();
      const rows = all.map(({ id, name, plan, created_at }) => [id, name, plan, created_at]);
      terminal.result(all, formatTable(['ID', 'NAME', 'PLAN', 'CREATED'], rows));
      return exitCodes.ok;
    },
  );
  addAction(
    organizations.command('show').description('show an organization with all its limits').argument('<organization>'),
    async ({ admin: api, terminal }, _, id = '') => {
      const found = await api.organizations.get(id);
      terminal.result(found, describe(found));
      return exitCodes.ok;
    },
  );
  addAction<Terms & { name?: string }>(
    withTerms(
      organizations
        .command('change')
        .description(
          'change name, plan or limits; requests: within a second, live runs: as soon as the trainer has heard',
        )
        .argument('<organization>')
        .option('-n, --name <name>', 'a new name'),
      false,
    ),
    async ({ admin: api, terminal }, { name, ...options }, id = '') => {
      const change = { ...toTerms(options), ...(name !== undefined && { name }) };
      if (Object.keys(change).length === 0)
        throw new UsageError(
          'nothing to change: give --name, --plan, --limit, --plan-limits or --minimum-training-seconds',
        );
      const changed = await api.organizations.update(id, change);
      terminal.result(changed, describe(changed));
      return exitCodes.ok;
    },
  );
}

function withTerms(command: Command, isNew: boolean): Command {
  const plan = new Option('-p, --plan <plan>', 'what is sold to it').choices(plans);
  return command
    .addOption(isNew ? plan.makeOptionMandatory() : plan)
    .option(
      '--limit <name=number>',
      'a limit that differs from the plan’s, or name=unlimited; repeat it: together they replace those of before',
      collectLimit,
    )
    .option('--plan-limits', 'no limit differs from the plan’s any more')
    .option(
      '--minimum-training-seconds <seconds>',
      'training audio that a run needs at least, or "plan"',
      parseMinimum,
    );
}

function collectLimit(text: string, before: Partial<NamedLimits> = {}): Partial<NamedLimits> {
  const [name = '', value = ''] = text.split('=');
  if (!names.includes(name as LimitName))
    throw new UsageError(`there is no limit "${name}"; there are ${names.join(', ')}`);
  if (value !== 'unlimited' && !/^\d+$/.test(value))
    throw new UsageError(`--limit ${name}=N takes a whole number or "unlimited", not "${value}"`);
  return { ...before, [name]: value === 'unlimited' ? null : Number(value) };
}

function parseMinimum(text: string): number | 'plan' {
  if (text === 'plan') return text;
  if (!/^\d+$/.test(text))
    throw new UsageError(`--minimum-training-seconds takes a whole number or "plan", not "${text}"`);
  return Number(text);
}

function toTerms({ plan, limit, planLimits, minimumTrainingSeconds: minimum }: Terms): TermsChange {
  if (limit && planLimits) throw new UsageError('--limit and --plan-limits exclude each other');
  const limits = planLimits ? {} : limit;
  return {
    ...(plan !== undefined && { plan }),
    ...(limits !== undefined && { limits }),
    ...(minimum !== undefined && { minimumTrainingSeconds: minimum === 'plan' ? null : minimum }),
  };
}

function describe(organization: ApiOrganization): string {
  const { limits, limit_overrides: overrides, minimum_training_seconds: minimum } = organization;
  const rows = [
    ['id', organization.id],
    ['name', organization.name],
    ['plan', organization.plan],
    ['may train', organization.may_train ? 'yes' : 'no'],
    ['minimum of training audio', minimum === null ? 'not known yet' : `${String(minimum)} s`],
    ...names.map((name) => {
      const limit = limits?.[name];
      const value = limit === undefined ? 'not known yet' : limit === null ? 'unlimited' : String(limit);
      return [name, name in overrides ? `${value} (agreed)` : value];
    }),
  ];
  return formatTable(['ORGANIZATION', ''], rows);
}
