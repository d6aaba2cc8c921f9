{# The state of things as of `as_of_at`, out of all the versions that were ever read. #}

{# Number of a version among those of its record, 1 being its state as of `as_of_at`: of the versions that a run up to
   that night had read, the last one that the vendor changed before that moment; when every version is younger, the
   oldest one. `changed_at` is the vendor's time of change, or none when the vendor keeps no such time. #}
{% macro as_of_version_rank(key, changed_at=none) -%}
    {%- set changed_by_then = "true" -%}
    {%- if changed_at -%}
        {%- set changed_by_then = changed_at ~ " is null or " ~ changed_at ~ " < " ~ as_of_at() -%}
    {%- endif -%}
    row_number() over (
        partition by {{ key }}
        order by
            case
                when not ({{ changed_by_then }}) then 2
                when extracted_at < {{ add_time('day', 1, as_of_at()) }} then 0
                else 1
            end,
            {%- if changed_at %}
            case when {{ changed_by_then }} then coalesce({{ changed_at }}, extracted_at) end desc nulls last,
            {{ changed_at }} asc nulls last,
            {%- endif %}
            extracted_at desc,
            load_id desc,
            record_hash desc
    )
{%- endmacro %}

{# `stage_latest`, but as of `as_of_at`. `changed_at` stands in the query many times: columns and what is quick to find in them.
   `further_columns`: those of raw that are handed on. #}
{% macro stage_as_of(relation, fields, changed_at=none, further_columns=[]) -%}
    select *
    from (
        select
            versions.*,
            {{ as_of_version_rank('record_id', changed_at) }} as version_rank
        from ({{ stage_records(relation, fields, ['load_id', 'record_hash'] + further_columns) }}) as versions
    ) as ranked_versions
    where version_rank = 1
{%- endmacro %}
