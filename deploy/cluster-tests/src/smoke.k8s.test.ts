import { ClusterLab } from './test-support/cluster-lab';
import { expectNoRemains } from './test-support/remains';

describe('smoke', () => {
  let lab: ClusterLab;
  beforeAll(async () => { const t=Date.now(); lab = await ClusterLab.open(); console.log('open', Date.now()-t); });
  afterAll(() => lab.close());
  it('works', async () => {
    await lab.addNode();
    let t=Date.now();
    const c = await lab.customer('gold');
    const m = await c.modelWithData();
    console.log('data', Date.now()-t); t=Date.now();
    const r = await c.start(m);
    await r.endsWell();
    console.log('run', Date.now()-t, await r.result(), await r.log()); t=Date.now();
    await expectNoRemains(lab);
    console.log('clean', Date.now()-t);
  });
});
