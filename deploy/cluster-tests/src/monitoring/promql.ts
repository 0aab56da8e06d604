import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<ReturnType<typeof parser.parse>['cursor']>['node'];

/** A metric as a query names it, with the labels that it must have there: matched, joined on, or grouped by. */
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
      if (node.name === 'AggregateExpr') checkJoined(node, text);
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
  for (const label of labelsAround(selector, text)) labels.set(label, null);
  for (const matchers of named(selector, 'LabelMatchers')) {
    for (const matcher of named(matchers, 'UnquotedLabelMatcher')) {
      const [label, operator, value] = childrenOf(matcher).map(({ from, to }) => text.slice(from, to));
      if (label === undefined || value === undefined) throw new Error(`${text}: a matcher without a value`);
      labels.set(label, operator === '=' ? value.slice(1, -1) : null);
    }
  }
  return { metric: text.slice(identifier.from, identifier.to), labels };
}

/**
 * The labels that what surrounds a selector needs of it: those that it is joined on, and those of the `by (...)` of the aggregation around
 * it, the innermost one, whose result the others see. A join `group_left (x)` takes x from its right side.
 */
function labelsAround(selector: Node, text: string): Set<string> {
  const needed = new Set<string>();
  const brought = new Set<string>();
  let node = selector;
  while (node.parent && node.name !== 'AggregateExpr') {
    const join = node.parent.name === 'BinaryExpr' ? node.parent.getChild('MatchingModifierClause') : null;
    if (join?.getChild('On')) {
      const [on, extra] = join.getChildren('GroupingLabels').map((grouping) => namesIn(grouping, text));
      const isRight = node.from > join.from;
      for (const label of [...(on ?? []), ...(isRight ? (extra ?? []) : [])]) needed.add(label);
      // Of the right side nothing but these is left.
      if (isRight) return needed;
      for (const label of extra ?? []) brought.add(label);
    }
    node = node.parent;
  }
  const modifier = node.getChild('AggregateModifier');
  const by = modifier?.getChild('By') ? modifier.getChildren('GroupingLabels') : [];
  for (const label of by.flatMap((grouping) => namesIn(grouping, text))) if (!brought.has(label)) needed.add(label);
  return needed;
}

/** Throws where an aggregation is joined on a label, or asked for one, that its `by (...)` does not leave. */
function checkJoined(aggregate: Node, text: string): void {
  const join = aggregate.parent?.name === 'BinaryExpr' ? aggregate.parent.getChild('MatchingModifierClause') : null;
  if (!join?.getChild('On')) return;
  const left = (aggregate.getChild('AggregateModifier')?.getChildren('GroupingLabels') ?? []).flatMap((grouping) =>
    namesIn(grouping, text),
  );
  const [on = [], extra = []] = join.getChildren('GroupingLabels').map((grouping) => namesIn(grouping, text));
  const lost = [...on, ...(aggregate.from > join.from ? extra : [])].filter((label) => !left.includes(label));
  if (lost.length > 0) throw new Error(`${text}: joined on ${lost.join(', ')}, which an aggregation has dropped`);
}

function namesIn(grouping: Node, text: string): string[] {
  return grouping.getChildren('LabelName').map(({ from, to }) => text.slice(from, to));
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}
