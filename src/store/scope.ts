import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  IdentifierNode,
  type InsertQueryNode,
  type JoinNode,
  type KyselyPlugin,
  OnNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PrimitiveValueListNode,
  type QueryResult,
  ReferenceNode,
  type RootOperationNode,
  TableNode,
  type UnknownRow,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
} from 'kysely'
import { PlinthError } from '#kernel'

const column = 'organization_id'

/**
 * Confines every query built with Kysely to one organization: each table read, changed or joined gets
 * `organization_id = <this organization>` and each inserted row the column. A route, or a new function of the
 * store, cannot forget it. Raw SQL is not rewritten: `test/tidy.test.ts` demands the column there.
 */
export class OrganizationScope implements KyselyPlugin {
  readonly #transformer: ScopeTransformer

  constructor(organizationId: string) {
    if (organizationId === '' || organizationId === '*') {
      throw new PlinthError('INTERNAL', 'A scope needs one organization.')
    }
    this.#transformer = new ScopeTransformer(organizationId)
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(args.node, args.queryId) as RootOperationNode
  }

  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result
  }
}

class ScopeTransformer extends OperationNodeTransformer {
  readonly #organizationId: string
  readonly #expressionNames = new Set<string>()

  constructor(organizationId: string) {
    super()
    this.#organizationId = organizationId
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: never): T {
    this.#rememberExpressions(node)
    const out = super.transformNodeImpl(node, queryId)
    return this.#scoped(out) as T
  }

  /** Names of `with` expressions are not tables; what stands inside them is scoped on its own. */
  #rememberExpressions(node: OperationNode): void {
    const list = (node as { with?: { expressions?: readonly OperationNode[] } }).with?.expressions
    for (const expression of list ?? []) {
      const name = (
        expression as { name?: { table?: { table?: { identifier?: { name: string } } } } }
      ).name?.table?.table?.identifier?.name
      if (name) this.#expressionNames.add(name)
    }
  }

  #scoped(node: OperationNode): OperationNode {
    switch (node.kind) {
      case 'SelectQueryNode': {
        const select = node as OperationNode & Selectish
        const names = (select.from?.froms ?? []).flatMap((from) => this.#referenceNames(from))
        return this.#withWhere(this.#withJoins(select), names)
      }
      case 'UpdateQueryNode': {
        const update = node as OperationNode & Selectish & { table?: OperationNode }
        const names = this.#referenceNames(update.table)
        for (const from of update.from?.froms ?? []) names.push(...this.#referenceNames(from))
        return this.#withWhere(this.#withJoins(update), names)
      }
      case 'DeleteQueryNode': {
        const del = node as OperationNode &
          Selectish & { using?: { tables: readonly OperationNode[] } }
        const names = (del.from?.froms ?? []).flatMap((from) => this.#referenceNames(from))
        for (const table of del.using?.tables ?? []) names.push(...this.#referenceNames(table))
        return this.#withWhere(this.#withJoins(del), names)
      }
      case 'InsertQueryNode':
        return this.#withColumn(node as InsertQueryNode)
      default:
        return node
    }
  }

  #referenceNames(node: OperationNode | undefined): string[] {
    if (node === undefined) return []
    if (TableNode.is(node)) {
      const name = node.table.identifier.name
      return this.#expressionNames.has(name) ? [] : [name]
    }
    if (AliasNode.is(node) && TableNode.is(node.node) && IdentifierNode.is(node.alias)) {
      return this.#expressionNames.has(node.node.table.identifier.name) ? [] : [node.alias.name]
    }
    return []
  }

  #predicate(name: string): OperationNode {
    return BinaryOperationNode.create(
      ReferenceNode.create(ColumnNode.create(column), TableNode.create(name)),
      OperatorNode.create('='),
      ValueNode.create(this.#organizationId),
    )
  }

  #withWhere<T extends OperationNode & Selectish>(node: T, names: readonly string[]): T {
    let where = node.where
    for (const name of names) {
      const predicate = this.#predicate(name)
      where = where
        ? WhereNode.cloneWithOperation(where, 'And', predicate)
        : WhereNode.create(predicate)
    }
    return where === node.where ? node : { ...node, where }
  }

  /** A joined table is confined in its ON clause, so that an outer join stays one. */
  #withJoins<T extends OperationNode & Selectish>(node: T): T {
    if (!node.joins) return node
    const joins = node.joins.map((join) => {
      const names = this.#referenceNames(join.table)
      let on: OperationNode | undefined = join.on?.on
      for (const name of names) {
        on = on ? AndNode.create(on, this.#predicate(name)) : this.#predicate(name)
      }
      return on && on !== join.on?.on ? { ...join, on: OnNode.create(on) } : join
    })
    return { ...node, joins }
  }

  #withColumn(node: InsertQueryNode): InsertQueryNode {
    if (node.columns?.some((c) => c.column.name === column)) {
      throw new PlinthError('INTERNAL', 'organization_id is set by the scope, not by callers.')
    }
    if (!node.values || !ValuesNode.is(node.values)) {
      throw new PlinthError('INTERNAL', 'A scoped insert needs values.')
    }
    const values = node.values.values.map((row) =>
      ValueListNode.is(row)
        ? ValueListNode.create([...row.values, ValueNode.create(this.#organizationId)])
        : PrimitiveValueListNode.create([...row.values, this.#organizationId]),
    )
    return {
      ...node,
      columns: [...(node.columns ?? []), ColumnNode.create(column)],
      values: ValuesNode.create(values),
    }
  }
}

interface Selectish {
  from?: { froms: readonly OperationNode[] }
  joins?: readonly JoinNode[]
  where?: WhereNode
}
