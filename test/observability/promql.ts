import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** A metric in a query, with what the query expects of it. */
export interface Use {
  metric: string;
  /** Labels it is matched, grouped or joined by. */
  labels: Set<string>;
  /** The services it must exist on; undefined when the query does not say. */
  jobs: string[] | undefined;
}

/** Every metric that a query reads. @throws Error when it is not PromQL */
export function usesOf(query: string): Use[] {
  const text = (node: SyntaxNode): string => query.slice(node.from, node.to);
  const uses: Use[] = [];
  const visit = (node: SyntaxNode, inherited: string[]): void => {
    if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${query}`);
    const labels = [...inherited, ...groupingsOf(node, text)];
    if (node.name === 'VectorSelector') uses.push(useOf(node, labels, text));
    for (let child = node.firstChild; child; child = child.nextSibling) visit(child, labels);
  };
  visit(parser.parse(query).topNode, []);
  return uses;
}

/** What an aggregation or a join names: all that stands below it must have these labels. */
function groupingsOf(node: SyntaxNode, text: (node: SyntaxNode) => string): string[] {
  const clause = node.getChild('AggregateModifier') ?? node.getChild('MatchingModifierClause');
  return clause
    ? clause.getChildren('GroupingLabels').flatMap((group) => group.getChildren('LabelName').map(text))
    : [];
}

function useOf(selector: SyntaxNode, inherited: string[], text: (node: SyntaxNode) => string): Use {
  const identifier = selector.getChild('Identifier');
  if (!identifier) throw new Error(`a selector without a metric: ${text(selector)}`);
  const matchers = (selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
    (matcher) =>
      matcher.getChildren('LabelName').map(text).concat(matcher.getChildren('StringLiteral').map(text)),
  );
  const job = matchers.find(([label]) => label === 'job')?.[1];
  return {
    metric: text(identifier),
    labels: new Set([...inherited, ...matchers.flatMap(([label]) => label ?? [])]),
    jobs: job?.replaceAll('"', '').split('|'),
  };
}
