import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely';

/** Parses the JSON columns of one table in the rows of a query. */
export class JsonColumnsPlugin implements KyselyPlugin {
  constructor(private readonly columns: readonly string[]) {}

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node;
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    for (const row of result.rows) {
      for (const column of this.columns) {
        const text = row[column];
        if (typeof text === 'string') row[column] = JSON.parse(text);
      }
    }
    return Promise.resolve(result);
  }
}
