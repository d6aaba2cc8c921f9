{# What models of the CRM share. #}

{# Place of a CRM in the declared order (`crm_order` in dbt_project.yml), 1 being the one that wins; further instances of a
   vendor come after the one named like it, by name. `key`: of one of its companies, contacts or deals. #}
{% macro crm_rank(source, key) -%}
    {%- set names = [] -%}
    {%- for vendor in var('crm_order') -%} {%- do names.extend(instances_of(vendor)) -%} {%- endfor -%}
    {%- set source_name = source -%}
    {%- if instance_names() -%}
        {%- set source_name = "coalesce(nullif(" ~ instance_of(text_part(key, "':'", 3)) ~ ", ''), " ~ source ~ ")" -%}
    {%- endif -%}
    case {{ source_name }}
        {%- for name in names %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
        else {{ names | length + 1 }}
    end
{%- endmacro %}

{# Domain of a website as people write it: without scheme, www, port and path, in lower case. #}
{% macro domain_of(website) -%}
    {%- set bare = "replace(replace(lower(trim(" ~ website ~ ")), 'https://', ''), 'http://', '')" -%}
    {%- set host = text_part(text_part(text_part(bare, "'/'", 1), "'?'", 1), "':'", 1) -%}
    nullif(case when {{ host }} like 'www.%' then substr({{ host }}, 5) else {{ host }} end, '')
{%- endmacro %}

{# A label of a list of choices as the mart writes it: `Mid-Market` is mid_market. #}
{% macro slug_of(label) -%}
    nullif(replace(replace(lower(trim({{ label }})), '-', '_'), ' ', '_'), '')
{%- endmacro %}

{# A select of `key`, `winner_key`: the last winner of every chain of merges. `steps` is a CTE with the same columns, one
   row a `key`. #}
{% macro followed_merges(steps, longest_chain=4) -%}
    select
        {{ steps }}.key,
        coalesce(
            {%- for step in range(longest_chain, 1, -1) %}
            step_{{ step }}.winner_key,
            {%- endfor %}
            {{ steps }}.winner_key
        ) as winner_key
    from {{ steps }}
    {%- for step in range(2, longest_chain + 1) %}
    left join {{ steps }} as step_{{ step }}
        on {{ steps if step == 2 else 'step_' ~ (step - 1) }}.winner_key = step_{{ step }}.key
    {%- endfor %}
{%- endmacro %}

{# Code of a currency (ISO 4217) as a CRM writes it, in capitals; null for what is no three letters. #}
{% macro currency_code(text) -%}
    {{ text_capture("upper(trim(" ~ text ~ "))", '^([A-Z]{3})$') }}
{%- endmacro %}

{# The rows of `deals` with `deal_owner_id`: of a closed deal who owned it when it was closed, of any other who does. The
   owner of then stands in the first version since the deal was last open, of those read before as_of; where none of them
   says that it is closed, it is the present one. `deals` and `versions` are CTEs with record_id, owner_id and is_closed;
   `versions` has extracted_at and updated_at too. #}
{% macro deals_with_owner(deals, versions) -%}
    select
        deals.*,
        case
            when deals.is_closed and closings.record_id is not null then closings.owner_id
            else deals.owner_id
        end as deal_owner_id
    from {{ deals }} as deals
    left join (
        select
            record_id,
            owner_id,
            row_number() over (partition by record_id order by changed_at asc, extracted_at asc) as place
        from (
            select
                dated.*,
                max(case when not coalesce(is_closed, false) then changed_at end) over (partition by record_id) as last_open_at
            from (
                select
                    versions.*,
                    coalesce(updated_at, extracted_at) as changed_at
                from {{ versions }} as versions
            ) as dated
            where changed_at < {{ as_of_at() }}
        ) as known
        where
            is_closed
            and (last_open_at is null or changed_at > last_open_at)
    ) as closings
        on
            deals.record_id = closings.record_id
            and closings.place = 1
{%- endmacro %}

{# Is the type of a deal in `column` one that renews a contract (`renewal_deals` of sources.yml)? Null where the registry names none. #}
{% macro is_renewal_deal(vendor, column) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- set types = [] -%}
        {%- for each in mapped(source_name, 'renewal_deals') or [] -%}
            {%- do types.append(text_literal(each | lower)) -%}
        {%- endfor -%}
        {%- do expressions.append(
            'coalesce(lower(trim(' ~ column ~ ')) in (' ~ types | join(', ') ~ '), false)' if types else 'cast(null as boolean)'
        ) -%}
    {%- endfor -%}
    {{ by_instance(vendor, expressions) }}
{%- endmacro %}
