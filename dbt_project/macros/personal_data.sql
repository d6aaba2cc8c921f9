{# Personal identifiers leave staging only as keyed hashes. #}

{# Hash of an e-mail address, however it is written; null when there is none. #}
{% macro email_hash(email) -%}
    {{ pseudonym("nullif(lower(trim(" ~ email ~ ")), '')") }}
{%- endmacro %}

{# Hash of the domain of an e-mail address; null when there is none. Compared with hashes of known domains. #}
{% macro email_domain_hash(email) -%}
    {{ pseudonym("nullif(" ~ text_part("lower(trim(" ~ email ~ "))", "'@'", 2) ~ ", '')") }}
{%- endmacro %}
