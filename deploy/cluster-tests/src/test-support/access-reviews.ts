import { Agent, request, type RequestOptions } from 'node:https';
import type { TestCluster } from '@attune/testing-cluster';

export interface Question {
  group: string;
  /** `pods`, `pods/exec` */
  resource: string;
  verb: string;
  /** Empty: the whole cluster. */
  namespace: string;
}

/**
 * Asks the API server what an account may do, as `kubectl auth can-i` does, over connections that stay open: there are
 * thousands of questions.
 */
export class AccessReviews {
  private constructor(
    private readonly url: URL,
    private readonly agent: Agent,
  ) {}

  static async open(cluster: TestCluster): Promise<AccessReviews> {
    const config = cluster.kubeConfig();
    const { ca, cert, key } = await withCredentials(config);
    const url = new URL('/apis/authorization.k8s.io/v1/subjectaccessreviews', config.getCurrentCluster()?.server);
    return new AccessReviews(url, new Agent({ keepAlive: true, maxSockets: 8, ca, cert, key }));
  }

  close(): void {
    this.agent.destroy();
  }

  /** `account`: `namespace:name` of a ServiceAccount. */
  async mayDo(account: string, { group, resource, verb, namespace }: Question): Promise<boolean> {
    const [name = '', subresource = ''] = resource.split('/');
    const answer = await this.post({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${account}`,
        groups: [
          'system:serviceaccounts',
          `system:serviceaccounts:${account.split(':')[0] ?? ''}`,
          'system:authenticated',
        ],
        resourceAttributes: { group, resource: name, subresource, verb, namespace },
      },
    });
    const { status } = JSON.parse(answer) as { status?: { allowed?: boolean } };
    if (status?.allowed === undefined) throw new Error(`no answer: ${answer}`);
    return status.allowed;
  }

  private post(body: object): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json' } };
      request(this.url, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => resolve(text)).once('error', reject);
      })
        .once('error', reject)
        .end(JSON.stringify(body));
    });
  }
}

async function withCredentials(
  config: ReturnType<TestCluster['kubeConfig']>,
): Promise<Pick<RequestOptions, 'ca' | 'cert' | 'key'>> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}
