import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAllYaml, loadYaml } from '@kubernetes/client-node';

const root = join(__dirname, '..', '..', '..', '..');
const component = join(root, 'k8s', 'components', 'monitoring');
/** The guides for whoever operates a cluster. */
export const guides = join(root, 'docs', 'guides', 'operating');

export interface Query {
  /** The alert's name, the dashboard's file and the panel's title, or the guide's file. */
  where: string;
  expr: string;
}

interface Monitor {
  metadata: { name: string };
}

interface Rules {
  spec: { groups: { rules: { alert: string; expr: string }[] }[] };
}

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
}

/** Every query that an alert asks. */
export async function alertQueries(): Promise<Query[]> {
  const rules = loadYaml<Rules>(await readFile(join(component, 'rules.yaml'), 'utf8'));
  return rules.spec.groups.flatMap((group) => group.rules).map(({ alert, expr }) => ({ where: alert, expr }));
}

/** Every query that a dashboard's panel asks. */
export async function dashboardQueries(): Promise<Query[]> {
  const folder = join(component, 'dashboards');
  const files = await readdir(folder);
  const ofFile = async (file: string): Promise<Query[]> => {
    const { panels } = JSON.parse(await readFile(join(folder, file), 'utf8')) as Dashboard;
    return panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${file}: ${title}`, expr })),
    );
  };
  return (await Promise.all(files.map(ofFile))).flat();
}

/** What stands between the fences of one language in a guide. */
export async function fenced(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(guides, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code.trim());
}

/** Every query that a guide tells an operator to ask: one a fence. */
export async function guideQueries(): Promise<Query[]> {
  const files = await readdir(guides);
  const ofFile = async (file: string): Promise<Query[]> =>
    (await fenced(file, 'promql')).map((expr) => ({ where: file, expr }));
  return (await Promise.all(files.map(ofFile))).flat();
}

/** The names of our monitors. */
export async function monitorNames(): Promise<string[]> {
  const monitors = loadAllYaml(await readFile(join(component, 'monitors.yaml'), 'utf8')) as Monitor[];
  return monitors.map(({ metadata }) => metadata.name);
}
