{# The common status of a conversation: one that waits for the customer is pending, an answered one is closed; null for a
   state that nobody knows. #}
{% macro status_of_conversation(state) -%}
    case {{ state }} when 'open' then 'open' when 'snoozed' then 'pending' when 'closed' then 'closed' end
{%- endmacro %}

{# A status in the common words, lower case; null for any other text. #}
{% macro known_ticket_status(text) -%}
    case
        when lower({{ text }}) in ('new', 'open', 'pending', 'hold', 'solved', 'closed', 'deleted') then lower({{ text }})
    end
{%- endmacro %}

{# What a Zendesk rating says, good or bad; null while it is only offered, and for any other text. #}
{% macro zendesk_rating(score) -%}
    case when {{ score }} like 'good%' then 'good' when {{ score }} like 'bad%' then 'bad' end
{%- endmacro %}

{# An item of a list of tags as a tag; null for what is no text. #}
{% macro ticket_tag(item) -%}
    case when trim({{ item }}) <> '' and left(trim({{ item }}), 1) not in ('{', '[') then {{ item }} end
{%- endmacro %}
