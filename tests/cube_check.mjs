// Compiles a data model with Cube's own compiler and prints, for each query of standard input, its SQL for PostgreSQL and the parameters.
// node cube_check.mjs MODULES MODEL_FOLDER < queries.json
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, folder] = process.argv.slice(2);
const { prepareCompiler, PostgresQuery } = createRequire(join(modules, "x.js"))("@cubejs-backend/schema-compiler");
const files = readdirSync(folder).map((fileName) => ({ fileName, content: readFileSync(join(folder, fileName), "utf8") }));
// The compiler's own part in Rust renders templates and is downloaded apart: our files have none.
const nativeInstance = { newJinjaEngine: () => ({}), loadPythonContext: async () => ({ filters: {}, variables: {}, functions: {} }) };
const compilers = prepareCompiler({ localPath: () => folder, dataSchemaFiles: async () => files }, { allowNodeRequire: false, nativeInstance });
await compilers.compiler.compile();
// So is the planner in Rust, which asks the same in another form.
const answers = JSON.parse(readFileSync(0, "utf8")).map((query) => {
  const [sql, params] = new PostgresQuery(compilers, { ...query, timezone: "UTC", useNativeSqlPlanner: false }).buildSqlAndParams();
  return { sql, params };
});
console.log(JSON.stringify({ cubes: compilers.cubeEvaluator.cubeNames(), answers }));
