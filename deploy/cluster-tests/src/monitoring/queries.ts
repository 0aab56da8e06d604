import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';

const component = join(__dirname, '..', '..', '..', '..', 'k8s', 'components', 'monitoring');

export interface Query {
  /** The alert's name, or the dashboard's file and the panel's title. */
  where: string;
  expr: string;
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
