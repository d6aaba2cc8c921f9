"""What drivers and BI tools ask PostgreSQL's catalogue, each by its own road, in our words; `{schema}` and `{table}` are to be filled in.

Each gives the same few columns, whatever road it takes: of keys the column and its place, of references the column, the table and the
column that it names, of columns their name and whether they may be empty.
"""

# pgJDBC (Metabase before 50, Tableau, DBeaver): the key from the index, references column by column from the constraint.
PGJDBC = {
    "keys": """
        select a.attname, keys.place
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        inner join pg_catalog.pg_index as i on c.oid = i.indrelid and i.indisprimary
        cross join lateral (select (information_schema._pg_expandarray(i.indkey)).n as place, (information_schema._pg_expandarray(i.indkey)).x as attnum) as keys
        inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = keys.attnum
        where n.nspname = '{schema}' and c.relname = '{table}' order by 2
    """,
    "references": """
        select fka.attname, pkc.relname, pka.attname
        from pg_catalog.pg_namespace as fkn, pg_catalog.pg_class as fkc, pg_catalog.pg_attribute as fka, pg_catalog.pg_class as pkc,
            pg_catalog.pg_attribute as pka, pg_catalog.pg_constraint as con, pg_catalog.generate_series(1, 32) as pos (n),
            pg_catalog.pg_class as pkic
        where fkn.oid = fkc.relnamespace and fkc.oid = fka.attrelid and fka.attnum = con.conkey[pos.n] and con.conrelid = fkc.oid
            and pkc.oid = pka.attrelid and pka.attnum = con.confkey[pos.n] and con.confrelid = pkc.oid
            and con.contype = 'f' and (pkic.relkind = 'i' or pkic.relkind = 'I') and pkic.oid = con.conindid
            and fkn.nspname = '{schema}' and fkc.relname = '{table}' order by 1
    """,
    "columns": """
        select a.attname, not (a.attnotnull or (t.typtype = 'd' and t.typnotnull))
        from pg_catalog.pg_namespace as n
        inner join pg_catalog.pg_class as c on c.relnamespace = n.oid
        inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
        inner join pg_catalog.pg_type as t on a.atttypid = t.oid
        left join pg_catalog.pg_attrdef as def on a.attrelid = def.adrelid and a.attnum = def.adnum
        left join pg_catalog.pg_description as dsc on c.oid = dsc.objoid and a.attnum = dsc.objsubid
        where c.relkind in ('r', 'p', 'v', 'f', 'm') and a.attnum > 0 and not a.attisdropped
            and n.nspname like '{schema}' and c.relname like '{table}' order by a.attnum
    """,
}
# psqlODBC (Excel, Tableau, Power BI by ODBC): subscripts of the constraint's arrays.
PSQLODBC = {
    "keys": """
        select ta.attname, ia.attnum
        from pg_catalog.pg_attribute as ta, pg_catalog.pg_attribute as ia, pg_catalog.pg_class as tc, pg_catalog.pg_index as i,
            pg_catalog.pg_namespace as n, pg_catalog.pg_class as ic
        where tc.relname = '{table}' and n.nspname = '{schema}' and tc.oid = i.indrelid and n.oid = tc.relnamespace
            and i.indisprimary = 't' and ia.attrelid = i.indexrelid and ta.attrelid = i.indrelid
            and ta.attnum = i.indkey[ia.attnum - 1] and (not ta.attisdropped) and (not ia.attisdropped) and ic.oid = i.indexrelid
        order by ia.attnum
    """,
    "references": """
        select a2.attname, c1.relname, a1.attname
        from (
            select cn.confrelid, cn.conrelid, cn.conkey, cn.confkey, generate_subscripts(cn.conkey, 1) as i
            from pg_catalog.pg_constraint as cn
            where cn.contype = 'f' and cn.conrelid = (
                select c.oid from pg_catalog.pg_class as c inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
                where c.relname = '{table}' and n.nspname = '{schema}'
            )
        ) as ref
        inner join pg_catalog.pg_class as c1 on c1.oid = ref.confrelid
        inner join pg_catalog.pg_attribute as a1 on a1.attrelid = c1.oid and a1.attnum = ref.confkey[ref.i]
        inner join pg_catalog.pg_attribute as a2 on a2.attrelid = ref.conrelid and a2.attnum = ref.conkey[ref.i]
        order by 1
    """,
    "columns": """
        select a.attname, not a.attnotnull
        from pg_catalog.pg_attribute as a, pg_catalog.pg_class as c, pg_catalog.pg_type as t, pg_catalog.pg_namespace as u
        where c.oid = a.attrelid and a.atttypid = t.oid and u.oid = c.relnamespace and u.nspname = '{schema}' and c.relname = '{table}'
            and a.attnum > 0 and not a.attisdropped order by a.attnum
    """,
}
# Power BI and Excel's Power Query: the standard's catalogue, which hides constraints from who may only read.
POWER_QUERY = {
    "keys": """
        select ii.column_name, ii.ordinal_position
        from information_schema.table_constraints as i
        inner join information_schema.key_column_usage as ii on i.constraint_schema = ii.constraint_schema
            and i.constraint_name = ii.constraint_name and i.table_schema = ii.table_schema and i.table_name = ii.table_name
        where i.table_schema = '{schema}' and i.table_name = '{table}' and i.constraint_type in ('PRIMARY KEY', 'UNIQUE')
        order by i.constraint_name, ii.ordinal_position
    """,
    "references": """
        select fkcol.column_name, pkcol.table_name, pkcol.column_name
        from (
            select distinct constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name, unique_constraint_name
            from information_schema.referential_constraints
        ) as fkcon
        inner join information_schema.key_column_usage as fkcol
            on fkcon.constraint_schema = fkcol.constraint_schema and fkcon.constraint_name = fkcol.constraint_name
        inner join information_schema.key_column_usage as pkcol
            on fkcon.unique_constraint_schema = pkcol.constraint_schema and fkcon.unique_constraint_name = pkcol.constraint_name
        where fkcol.table_schema = '{schema}' and fkcol.table_name = '{table}' and pkcol.ordinal_position = fkcol.ordinal_position
        order by 1
    """,
    "columns": """
        select column_name, is_nullable = 'YES' from information_schema.columns
        where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position
    """,
}
# Metabase since 50: what the login may read, and references by name.
METABASE = {
    "keys": """
        select a.attname, array_position(i.indkey::int2[], a.attnum) + 1
        from pg_catalog.pg_index as i
        inner join pg_catalog.pg_class as c on c.oid = i.indrelid
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where i.indisprimary and n.nspname in ('{schema}') and c.relname in ('{table}')
            and (has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select')) order by 2
    """,
    "references": """
        select fk_column.attname, pk_table.relname, pk_column.attname
        from pg_catalog.pg_constraint as c
        inner join pg_catalog.pg_class as fk_table on c.conrelid = fk_table.oid
        inner join pg_catalog.pg_namespace as fk_ns on c.connamespace = fk_ns.oid
        inner join pg_catalog.pg_attribute as fk_column on c.conrelid = fk_column.attrelid
        inner join pg_catalog.pg_class as pk_table on c.confrelid = pk_table.oid
        inner join pg_catalog.pg_attribute as pk_column on c.confrelid = pk_column.attrelid
        where c.contype = 'f' and fk_column.attnum = any(c.conkey) and pk_column.attnum = any(c.confkey)
            and fk_ns.nspname !~ '^information_schema|catalog_history|pg_' and fk_ns.nspname in ('{schema}')
            and fk_table.relname in ('{table}') order by 1
    """,
    "columns": """
        select c.column_name, c.is_nullable = 'YES' from information_schema.columns as c
        left join pg_catalog.pg_class as relation on relation.relname = c.table_name and relation.relnamespace = c.table_schema::regnamespace
        where c.table_schema in ('{schema}') and c.table_name in ('{table}') order by c.ordinal_position
    """,
}
TOOLS = {"pgJDBC": PGJDBC, "psqlODBC": PSQLODBC, "Power Query": POWER_QUERY, "Metabase": METABASE}
