{# A table in one statement and one transaction: the adapter's own makes it beside the one there is, renames both and drops one,
   each a query and a context of macros, which costs more than most models' SQL. Nobody reads the warehouse while it is
   built. What the adapter does for other catalogs, foreign keys, grants and indexes, we do not use. The statement is the same
   whether the table is there or not: it is kept and run again. #}
{% materialization table, adapter='duckdb' %}
  {% set existing = load_cached_relation(this) %}
  {% set target = this.incorporate(type='table') %}
  {{ run_hooks(pre_hooks) }}
  {% if existing is not none and not existing.is_table %}
    {% call statement('drop_other_kind') %}drop {{ existing.type }} if exists {{ existing }};{% endcall %}
  {% endif %}
  {% call statement('main') %}
    drop table if exists {{ target }};
    {{ create_table_as(false, target, compiled_code) }}
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {% do persist_docs(target, model) %}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
