import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<ReturnType<typeof parser.parse>['cursor']>['node'];

/** A metric as a query names it, with the labels that it must have there: matched, or grouped by. */
export interface Selection {
  metric: string;
  /** Label -> the value that it must equal, or null where any will do. */
  labels: Map<string, string | null>;
}

/** What Grafana fills in before it asks. */
const forPrometheus = (query: string): string => query.replaceAll('$__rate_interval', '5m');

/** Every metric that a PromQL query reads. Throws where Prometheus' own grammar finds a fault. */
export function selectionsOf(query: string): Selection[] {
  const text = forPrometheus(query);
  const tree = parser.parse(text);
  const selections: Selection[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (node.type.isError) throw new Error(`${text}\n${' '.repeat(node.from)}^ is no PromQL`);
      if (node.name === 'VectorSelector') selections.push(selectionAt(node, text));
    },
  });
  return selections;
}

function selectionAt(selector: Node, text: string): Selection {
  const named = (node: Node, name: string): Node[] => node.getChildren(name);
  const [identifier] = named(selector, 'Identifier');
  if (!identifier) throw new Error(`${text}: a selector without the name of a metric`);
  const labels = new Map<string, string | null>();
  for (const grouping of groupingsAround(selector)) {
    for (const label of named(grouping, 'LabelName')) labels.set(text.slice(label.from, label.to), null);
  }
  for (const matchers of named(selector, 'LabelMatchers')) {
    for (const matcher of named(matchers, 'UnquotedLabelMatcher')) {
      const [label, operator, value] = childrenOf(matcher).map(({ from, to }) => text.slice(from, to));
      if (label === undefined || value === undefined) throw new Error(`${text}: a matcher without a value`);
      labels.set(label, operator === '=' ? value.slice(1, -1) : null);
    }
  }
  return { metric: text.slice(identifier.from, identifier.to), labels };
}

/** What stands in the `by (...)` of the aggregation around a selector: the innermost one, whose result the others see. */
function groupingsAround(selector: Node): Node[] {
  let node = selector.parent;
  while (node && node.name !== 'AggregateExpr') node = node.parent;
  const modifier = node?.getChild('AggregateModifier');
  return modifier?.getChild('By') ? modifier.getChildren('GroupingLabels') : [];
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}
