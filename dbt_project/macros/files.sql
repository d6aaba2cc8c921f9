{# Rows of dropped files, which may overlap: last month's export holds part of what this month's holds. #}

{# Number of a file's row among those of its mapping with the same key, 1 being the content that was seen last. Expects
   the columns `mapping_id` and `row_key` beside those of `stage_as_of`. #}
{% macro newest_file_rank() -%}
    row_number() over (
        partition by mapping_id, row_key
        order by extracted_at desc, load_id desc, record_id desc
    )
{%- endmacro %}
