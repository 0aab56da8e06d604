import type { Command } from 'commander';
import type { AddAdminAction } from '../command';
import { addKeys } from './admin/keys';
import { addOrganizations } from './admin/organizations';

/** What operators do: organizations with their plans and limits, and their keys. */
export function addAdmin(program: Command, addAction: AddAdminAction): void {
  const admin = program.command('admin').description('for operators: organizations, plans, limits and API keys');
  addOrganizations(admin, addAction);
  addKeys(admin, addAction);
}
